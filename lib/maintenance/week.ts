import { DeviceClock } from "../clock";
import { RunningMoments } from "../numeric/running-moments";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import type { Reading } from "../reading/reading";
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
/** A longer time without a reading is no operation. */
const LONGEST_GAP = MS_PER_HOUR;
/** A quantity that was not heard of for longer is missing, although the week still has older values of it. */
const RECENT = 2 * MS_PER_DAY;
const NONE = new RunningMoments();

/** What became of a reading. */
export type WeekStep =
  /** The device's time went on with it. */
  | "on"
  /** It belongs to a day that is already further behind, and was counted there. */
  | "earlier"
  /** It is from before the last seven days, and left out. */
  | "late"
  /** It is left out until the next one says the same. */
  | "far ahead"
  /** The device's time begins anew with it. */
  | "restarted";

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
      const [name, moments] = entry as [Quantity, unknown];
      if (QUANTITIES.includes(name)) this.of(name).restore(moments);
    }
  }
}

/** Statistics of the last seven days of one machine, in a few hundred bytes a day. */
export class MaintenanceWeek implements Snapshotable {
  readonly #days = new Map<number, Day>();
  readonly #clock = new DeviceClock();
  #first: number | undefined;
  /** By sensor of the options, the newest time it was heard of. */
  readonly #heard = new Map<string, number>();
  /** The latest reading that told whether the machine runs, and what it told. */
  #told: { readonly at: number; readonly runs: boolean } | undefined;

  /** @throws RangeError when a range has no width or a quantity is there twice */
  constructor(private readonly options: WeekOptions) {
    const { ranges } = options;
    if (ranges.length === 0) throw new RangeError("sensors: expected at least one");
    for (const [i, { quantity, sensor, normal, limit }] of ranges.entries()) {
      if (sensor === "") throw new RangeError(`sensors: expected a name for ${quantity}`);
      if (ranges.findIndex((other) => other.quantity === quantity) < i)
        throw new RangeError(`sensors: expected ${quantity} once`);
      if (!(Math.abs(limit - normal) > 0))
        throw new RangeError(`${sensor}: expected a limit other than normal, got ${limit}`);
    }
  }

  /** Whole days since the first reading, at most seven. */
  get days(): number {
    const { latest } = this.#clock;
    if (this.#first === undefined || latest === undefined) return 0;
    return Math.min(DAYS, Math.floor((latest - this.#first) / MS_PER_DAY));
  }

  /**
   * Takes a reading of the machine. Of bad ones and texts only the time counts: sensors that are broken are missing in it. Those
   * from before the last week or dated far ahead change nothing.
   */
  push(reading: Reading): WeekStep {
    const { timestamp, sensor } = reading;
    const tick = this.#clock.tick(timestamp);
    if (tick === "leap") return "far ahead";
    if (tick === "restarted") this.#restart(timestamp);
    if (timestamp <= this.#latest - DAYS * MS_PER_DAY) return "late";
    if (isUsable(reading)) {
      this.#first ??= timestamp;
      this.#take(sensor, reading.value, timestamp);
    }
    if (tick === "late") return "earlier";
    return tick === "restarted" ? tick : "on";
  }

  /** Of the newest reading; only once there is one. */
  get #latest(): number {
    return this.#clock.latest as number;
  }

  #take(sensor: string, value: number, timestamp: number): void {
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

  /** What was of the wrong time is no part of the week. */
  #restart(timestamp: number): void {
    const today = Math.floor(timestamp / MS_PER_DAY);
    for (const number of [...this.#days.keys()]) if (number > today) this.#days.delete(number);
    for (const [sensor, at] of this.#heard) if (at > timestamp) this.#heard.set(sensor, timestamp);
    if (this.#told && this.#told.at > timestamp) this.#told = undefined;
    if (this.#first !== undefined && this.#first > timestamp) this.#first = timestamp;
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
    return this.#latest - heard > RECENT ? `no value of ${sensor} since ${new Date(heard).toISOString()}` : undefined;
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
    const last = Math.floor(this.#latest / MS_PER_DAY);
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
    const last = Math.floor((this.#clock.latest ?? 0) / MS_PER_DAY);
    const first = Math.max(last - DAYS + 1, Math.ceil((this.#first ?? 0) / MS_PER_DAY));
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => this.#days.get(first + i)?.operating ?? 0);
  }

  snapshot(): unknown {
    return {
      first: this.#first,
      clock: this.#clock.snapshot(),
      heard: [...this.#heard],
      told: this.#told,
      days: [...this.#days].map(([number, day]) => [number, day.snapshot()]),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#first = saved.optionalNumber("first");
    this.#restoreClock(saved);
    const told = saved.any("told");
    if (told !== undefined) {
      const fields = new SavedState(told);
      this.#told = { at: fields.number("at"), runs: fields.any("runs") === true };
    }
    for (const entry of saved.list("days", DAYS + 1)) {
      const [number, day] = entry as [number, unknown];
      this.#day(number * MS_PER_DAY).restore(day);
    }
    this.#restoreHeard(saved);
  }

  /** States of before there were clocks have the time of the newest reading. */
  #restoreClock(saved: SavedState): void {
    const clock = saved.any("clock");
    const latest = saved.optionalNumber("latest");
    if (clock !== undefined) this.#clock.restore(clock);
    else if (latest !== undefined) this.#clock.tick(latest);
  }

  /** In states of before it was kept, what the week has values of was heard of until now. */
  #restoreHeard(saved: SavedState): void {
    const { ranges, runningSensor } = this.options;
    if (saved.any("heard") === undefined) {
      const known = ranges.filter(({ quantity }) => [...this.#days.values()].some((day) => day.moments.has(quantity)));
      for (const { sensor } of known) this.#heard.set(sensor, this.#clock.latest ?? 0);
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
