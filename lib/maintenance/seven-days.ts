import { RunningMoments } from "../numeric/running-moments";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { type MaintenanceFeature, type MaintenanceFeatures, QUANTITIES, type Quantity, STATISTICS } from "./features";

/** Which sensor is which quantity, and between what it runs. */
export interface QuantityRange {
  readonly quantity: Quantity;
  readonly sensor: string;
  readonly normal: number;
  /** Above or below normal. */
  readonly limit: number;
}

export interface WeekOptions {
  readonly ranges: readonly QuantityRange[];
  /** The machine runs while this sensor is at least `runningFrom`; while it reports at all when missing. */
  readonly runningSensor?: string;
  readonly runningFrom: number;
}

const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const DAYS = 7;
/** How far a week reaches back, ms. */
export const WEEK_MS = DAYS * MS_PER_DAY;
/** A longer time without a reading is no operation. */
const LONGEST_GAP = MS_PER_HOUR;
/** A quantity that was not heard of for longer is missing, although the week still has older values of it. */
const RECENT = 2 * MS_PER_DAY;
const NONE = new RunningMoments();

/** Quantities, and the running sensor, without recent values. */
export interface Missing {
  /** Why each is missing. */
  readonly reasons: readonly string[];
  /** The week has no value of any quantity. */
  readonly isEmpty: boolean;
  /** None of the sensors was ever heard of. */
  readonly isForeign: boolean;
}

/** One day (UTC) of one machine. */
class Day implements Snapshotable {
  operating = 0;
  readonly moments = new Map<Quantity, RunningMoments>();

  of(quantity: Quantity): RunningMoments {
    const known = this.moments.get(quantity);
    if (known) return known;
    const fresh = new RunningMoments();
    this.moments.set(quantity, fresh);
    return fresh;
  }

  snapshot(): unknown {
    return { operating: this.operating, moments: [...this.moments].map(([name, of]) => [name, of.snapshot()]) };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.operating = saved.number("operating");
    for (const entry of saved.list("moments", QUANTITIES.length)) {
      const [name, moments] = Array.isArray(entry) ? entry : [];
      if (QUANTITIES.includes(name)) this.of(name).restore(moments);
    }
  }
}

/** The last seven days of one machine, in a few hundred bytes a day. */
export class SevenDays implements Snapshotable {
  readonly #days = new Map<number, Day>();
  #first: number | undefined;
  /** By sensor of the options, the newest time it was heard of. */
  readonly #heard = new Map<string, number>();
  /** The latest reading that told whether the machine runs, and what it told. */
  #told: { readonly at: number; readonly runs: boolean } | undefined;

  /** @param latest the device's time, ms since the epoch */
  constructor(
    private readonly options: WeekOptions,
    public latest: number,
  ) {}

  /** Whole days since the first reading, at most seven. */
  get count(): number {
    if (this.#first === undefined) return 0;
    return Math.min(DAYS, Math.floor((this.latest - this.#first) / MS_PER_DAY));
  }

  /** They have all that a week can have. */
  get isWhole(): boolean {
    return this.count === DAYS;
  }

  /** The time is one of these days, or one of the next seven. */
  reach(timestamp: number): boolean {
    return Math.abs(timestamp - this.latest) < WEEK_MS;
  }

  /** The device's time goes back to this one: what was later is no part of the week. */
  goBack(timestamp: number): void {
    this.latest = timestamp;
    const today = Math.floor(timestamp / MS_PER_DAY);
    for (const number of [...this.#days.keys()]) if (number > today) this.#days.delete(number);
    for (const [sensor, at] of this.#heard) if (at > timestamp) this.#heard.set(sensor, timestamp);
    if (this.#told && this.#told.at > timestamp) this.#told = undefined;
    if (this.#first !== undefined && this.#first > timestamp) this.#first = timestamp;
  }

  take(sensor: string, value: number, timestamp: number): void {
    this.#first ??= timestamp;
    const { ranges, runningSensor } = this.options;
    const range = ranges.find((one) => one.sensor === sensor);
    if (range) {
      this.#day(timestamp)
        .of(range.quantity)
        .push((value - range.normal) / (range.limit - range.normal));
    }
    if (range || sensor === runningSensor) {
      this.#heard.set(sensor, Math.max(timestamp, this.#heard.get(sensor) ?? timestamp));
    }
    this.#operate(timestamp, sensor, value);
    this.#forgetOld();
  }

  /** What a probability of this week lacks. */
  missing(): Missing {
    const { ranges, runningSensor } = this.options;
    const absent = ranges.filter(({ quantity }) => [...this.#days.values()].every((day) => !day.moments.has(quantity)));
    const sensors = new Set(ranges.map(({ sensor }) => sensor));
    if (runningSensor !== undefined) sensors.add(runningSensor);
    return {
      reasons: [...sensors].flatMap((sensor) => this.#whyMissing(sensor) ?? []),
      isEmpty: absent.length === ranges.length,
      isForeign: this.#heard.size === 0,
    };
  }

  #whyMissing(sensor: string): string | undefined {
    const heard = this.#heard.get(sensor);
    if (heard === undefined) return `no value of ${sensor}`;
    return this.latest - heard > RECENT ? `no value of ${sensor} since ${new Date(heard).toISOString()}` : undefined;
  }

  /** Time counts as operation when both its ends say so. */
  #operate(timestamp: number, sensor: string, value: number): void {
    const { runningSensor, runningFrom } = this.options;
    if (runningSensor !== undefined && sensor !== runningSensor) return;
    const before = this.#told;
    if (before && timestamp <= before.at) return;
    const runs = runningSensor === undefined || value >= runningFrom;
    this.#told = { at: timestamp, runs };
    if (!runs || !before?.runs || timestamp - before.at > LONGEST_GAP) return;
    this.#day(timestamp).operating += (timestamp - before.at) / MS_PER_HOUR;
  }

  #day(timestamp: number): Day {
    const number = Math.floor(timestamp / MS_PER_DAY);
    const known = this.#days.get(number);
    if (known) return known;
    const fresh = new Day();
    this.#days.set(number, fresh);
    return fresh;
  }

  #forgetOld(): void {
    const last = Math.floor(this.latest / MS_PER_DAY);
    if (this.#days.size <= DAYS) return;
    for (const number of [...this.#days.keys()]) if (number <= last - DAYS) this.#days.delete(number);
  }

  /** Features of the last seven days; 0, which is normal, for quantities that were not measured. */
  features(): MaintenanceFeatures {
    const features = Object.create(null) as Record<MaintenanceFeature, number>;
    for (const quantity of QUANTITIES) {
      const moments = new RunningMoments();
      for (const day of this.#days.values()) moments.merge(day.moments.get(quantity) ?? NONE);
      for (const statistic of STATISTICS) {
        features[`${quantity}.${statistic}`] = moments.count === 0 ? 0 : statisticOf(moments, statistic);
      }
    }
    const hours = this.#wholeDays();
    features["hours.variability"] = variation(hours);
    features["days.operated"] = hours.length === 0 ? 0 : hours.filter((hour) => hour > 0).length / hours.length;
    return features;
  }

  /** Operating hours of the days that are over and were watched from their beginning. */
  #wholeDays(): number[] {
    const last = Math.floor(this.latest / MS_PER_DAY);
    const first = Math.max(last - DAYS + 1, Math.ceil((this.#first ?? 0) / MS_PER_DAY));
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => this.#days.get(first + i)?.operating ?? 0);
  }

  snapshot(): unknown {
    return {
      first: this.#first,
      heard: [...this.#heard],
      told: this.#told,
      days: [...this.#days].map(([number, day]) => [number, day.snapshot()]),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#first = saved.optionalNumber("first");
    const told = saved.any("told");
    if (told !== undefined) {
      const fields = new SavedState(told);
      this.#told = { at: fields.number("at"), runs: fields.any("runs") === true };
    }
    for (const entry of saved.list("days", DAYS + 1)) {
      const [number, day] = Array.isArray(entry) ? entry : [];
      if (!Number.isSafeInteger(number)) throw new StateError("days: expected numbers and days");
      this.#day(number * MS_PER_DAY).restore(day);
    }
    this.#restoreHeard(saved);
  }

  /** In states of before it was kept, what the week has values of was heard of until now. */
  #restoreHeard(saved: SavedState): void {
    const { ranges, runningSensor } = this.options;
    if (saved.any("heard") === undefined) {
      const known = ranges.filter(({ quantity }) => [...this.#days.values()].some((day) => day.moments.has(quantity)));
      for (const { sensor } of known) this.#heard.set(sensor, this.latest);
      if (runningSensor !== undefined && this.#told) this.#heard.set(runningSensor, this.#told.at);
      return;
    }
    for (const entry of saved.list("heard", ranges.length + 1)) {
      const [sensor, at] = Array.isArray(entry) ? entry : [];
      if (typeof sensor !== "string" || typeof at !== "number")
        throw new StateError("heard: expected sensors and times");
      this.#heard.set(sensor, at);
    }
  }
}

function statisticOf(moments: RunningMoments, statistic: (typeof STATISTICS)[number]): number {
  return statistic === "std" ? Math.sqrt(moments.variance ?? 0) : moments[statistic];
}

/** Coefficient of variation, with the divisor n - 1; 0 for fewer than two or for none at all. */
function variation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return mean > 0 ? Math.sqrt(squares / (values.length - 1)) / mean : 0;
}
