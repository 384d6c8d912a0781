import { MAX_MAGNITUDE } from "../numeric/sliding-moments";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { checkReading, checkSensor, type Reading } from "../reading";
import type { Statistic } from "./statistics";
import { LIVE, UNCERTAIN } from "./summary";
import type { ClosedWindow, Windower } from "./windower";

/** What became of a reading: it counts, or why it does not. Bad readings are left out as what they are, not as errors. */
export type Intake = "counted" | "bad" | "late" | "future" | "notANumber";

/** A reading this far ahead of the clock is not believed: it would close all windows of its series until then. */
export const MAX_AHEAD_MS = 86_400_000;

/** The last time that a Date, and so a reading, can have. */
const LAST_TIME = 8.64e15;

export interface SeriesWindowOptions {
  readonly statistics: readonly Statistic[];
  /** Fractions from 0 to 1, with the ends of their sensor names. */
  readonly percentiles: readonly { readonly name: string; readonly fraction: number }[];
  /** Name of a result's sensor: {sensor} and {statistic} are put in. */
  readonly naming: string;
  /** Which end of the window is the timestamp of its results. */
  readonly timestamp: "start" | "end";
  /** What the metadata's "window" says: "60 s", "100 readings". */
  readonly label: string;
  /** Adds windowStart and windowEnd to the metadata, in ISO 8601. */
  readonly bounds: boolean;
}

/** The windows of one series: takes readings, gives the statistics of each closed window as readings. */
export class SeriesWindow implements Snapshotable {
  /** The latest reading that counted: its device, unit and metadata are those of the results. */
  #latest: Reading | undefined;
  #names: ReadonlyMap<string, string> = new Map();
  #closed: ClosedWindow[] = [];

  constructor(
    private readonly windower: Windower,
    private readonly options: SeriesWindowOptions,
  ) {}

  /**
   * Takes a reading that arrived at `now` (ms since the epoch); results of windows that close by it are appended to `out`.
   * A reading with another unit than the ones before closes the open windows, so that units are never mixed.
   * @throws ReadingError when the results would have no valid sensor name
   */
  push(reading: Reading, now: number, out: Reading[]): Intake {
    if (reading.quality === "bad") return "bad";
    const value = numberOf(reading);
    if (value === undefined) return "notANumber";
    if (reading.timestamp > now + MAX_AHEAD_MS) return "future";
    if (this.#latest === undefined) this.#names = this.#namesFor(reading.sensor);
    else if (this.#latest.unit !== reading.unit) this.flush(out);
    const flags = (reading.quality === "uncertain" ? UNCERTAIN : 0) | (reading.historical ? 0 : LIVE);
    if (!this.windower.add(value, reading.timestamp, flags, now, this.#closed)) return "late";
    this.#latest = reading;
    this.#report(reading, out);
    return "counted";
  }

  /** Gives what is complete at the wall-clock time `now`. */
  tick(now: number, out: Reading[]): void {
    this.windower.tick(now, this.#closed);
    this.#report(this.#latest, out);
  }

  /** Gives what there is, complete or not. */
  flush(out: Reading[]): void {
    this.windower.flush(this.#closed);
    this.#report(this.#latest, out);
  }

  #report(origin: Reading | undefined, out: Reading[]): void {
    if (this.#closed.length === 0) return;
    const windows = this.#closed;
    this.#closed = [];
    if (!origin) return;
    for (const window of windows) this.#results(window, origin, out);
  }

  #results(window: ClosedWindow, origin: Reading, out: Reading[]): void {
    const { statistics, percentiles } = this.options;
    const { summary } = window;
    const common = this.#commonOf(window, origin);
    for (const statistic of statistics) {
      const value = statistic.value(summary);
      // A deviation between values near 1e150 may be beyond the largest double.
      if (value === undefined || !Number.isFinite(value)) continue;
      out.push({ ...common, sensor: this.#nameOf(statistic.name), value, unit: statistic.unit(origin.unit) });
    }
    summary.quantiles(percentiles.map(({ fraction }) => fraction)).forEach((value, i) => {
      out.push({ ...common, sensor: this.#nameOf(percentiles[i]?.name ?? ""), value, unit: origin.unit });
    });
  }

  #commonOf(
    { summary, start, end, truncated }: ClosedWindow,
    origin: Reading,
  ): Omit<Reading, "sensor" | "value" | "unit"> {
    const { timestamp, label, bounds } = this.options;
    const metadata: Record<string, string> = { ...origin.metadata, window: label };
    if (bounds) Object.assign(metadata, { windowStart: isoOf(start), windowEnd: isoOf(end) });
    return {
      deviceId: origin.deviceId,
      timestamp: Math.min(Math.max(timestamp === "end" ? end : start, -LAST_TIME), LAST_TIME),
      quality: truncated || summary.isUncertain ? "uncertain" : "good",
      ...(summary.isHistorical ? { historical: true as const } : {}),
      metadata,
    };
  }

  #nameOf(statistic: string): string {
    return this.#names.get(statistic) ?? statistic;
  }

  #namesFor(sensor: string): ReadonlyMap<string, string> {
    const all = [...this.options.statistics, ...this.options.percentiles];
    return new Map(
      all.map(({ name }) => [
        name,
        checkSensor(this.options.naming.replaceAll("{sensor}", () => sensor).replaceAll("{statistic}", name)),
      ]),
    );
  }

  snapshot(): unknown {
    return { latest: this.#latest, windower: this.windower.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const latest = saved.any("latest");
    const reading = latest === undefined || latest === null ? undefined : savedReading(latest);
    this.windower.restore(saved.any("windower"));
    this.#names = reading ? this.#namesFor(reading.sensor) : new Map();
    this.#latest = reading;
  }
}

/** Numbers as they are, booleans as 0 and 1, so that the mean is the share of time on; nothing else. */
function numberOf({ value }: Reading): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Math.abs(value) <= MAX_MAGNITUDE ? value : undefined;
}

/** ISO 8601 where the calendar of a Date reaches, plain ms beyond it. */
function isoOf(ms: number): string {
  return Math.abs(ms) <= LAST_TIME ? new Date(ms).toISOString() : String(ms);
}

function savedReading(state: unknown): Reading {
  try {
    return checkReading(state, 0, "latest");
  } catch (error) {
    throw new StateError(error instanceof Error ? error.message : String(error));
  }
}
