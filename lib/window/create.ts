import { integerWithin } from "../numeric/limits";
import { SlidingCount, TumblingCount } from "./count-windows";
import { MAX_PANES } from "./pane";
import { SeriesWindow, type SeriesWindowOptions } from "./series-window";
import { Sessions } from "./sessions";
import { SlidingTime } from "./sliding-time";
import { type StatisticName, statisticNamed } from "./statistics";
import { TumblingTime } from "./tumbling-time";
import type { Windower } from "./windower";

/** Everything a window can be told; each kind takes its own part and ignores the rest. Times are in seconds. */
export interface WindowOptions {
  readonly kind: "tumbling" | "sliding" | "session";
  /** tumbling, sliding: whether the size is a time or a number of readings. */
  readonly by: "time" | "count";
  /** Length of a window by time, s. */
  readonly size: number;
  /** sliding by time: distance between the ends of two windows, s. */
  readonly every: number;
  /** Length of a window by count, readings. */
  readonly count: number;
  /** sliding by count: readings from one result to the next. */
  readonly everyCount: number;
  /** session: the pause that ends it, s. */
  readonly gap: number;
  /** session: longest one, s; 0 for any. */
  readonly maxDuration: number;
  readonly statistics: readonly StatisticName[];
  /** From 0 to 100: 50 gives "p50". */
  readonly percentiles: readonly number[];
  /** By time and session: how long after its end a window waits for late readings, s. */
  readonly lateness: number;
  /** By time and session: how much longer it waits when no reading comes any more, s. */
  readonly idle: number;
  /** tumbling by count: silence after which an unfinished window is given, s; 0 for never. */
  readonly timeout: number;
  readonly timestamp: "start" | "end";
  /** "{sensor}.{statistic}" */
  readonly naming: string;
  readonly bounds: boolean;
  /** Most readings kept of a sliding window, and of any window for its percentiles. */
  readonly maxReadings: number;
}

export const WINDOW_DEFAULTS: WindowOptions = {
  kind: "tumbling",
  by: "time",
  size: 60,
  every: 10,
  count: 100,
  everyCount: 10,
  gap: 30,
  maxDuration: 3600,
  statistics: ["mean"],
  percentiles: [],
  lateness: 0,
  idle: 5,
  timeout: 0,
  timestamp: "end",
  naming: "{sensor}.{statistic}",
  bounds: false,
  maxReadings: 10_000,
};

/** Overlapping windows are computed one by one: more of them at a time would cost more than they tell. */
const MAX_OVERLAP = 2000;
const MAX_READINGS = 1_000_000;
const LONGEST_S = 366 * 86_400;

/**
 * Checks the options once and returns what makes the window of one series.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function windowFactory(options: Partial<WindowOptions>): () => SeriesWindow {
  const complete = { ...WINDOW_DEFAULTS, ...options };
  const windower = windowerFactory(complete);
  const results = resultsOf(complete);
  return () => new SeriesWindow(windower(), results);
}

function windowerFactory(options: WindowOptions): () => Windower {
  const maxReadings = integerWithin("maxReadings", options.maxReadings, 1, MAX_READINGS);
  const percentileCapacity = options.percentiles.length > 0 ? maxReadings : 0;
  if (options.kind === "session") return sessionFactory(options, percentileCapacity);
  if (options.by === "time") return timeFactory(options, percentileCapacity, maxReadings);
  const count = integerWithin("count", options.count, 1, maxReadings);
  if (options.kind === "tumbling") {
    const timeout = milliseconds("timeout", options.timeout, 0);
    return () => new TumblingCount({ count, timeout, percentileCapacity });
  }
  const every = integerWithin("everyCount", options.everyCount, 1, count);
  return () => new SlidingCount({ count, every, percentileCapacity });
}

function timeFactory(options: WindowOptions, percentileCapacity: number, capacity: number): () => Windower {
  const size = milliseconds("size", options.size, 1);
  const waiting = waitingOf(options, size);
  if (options.kind === "tumbling") return () => new TumblingTime({ size, percentileCapacity, ...waiting });
  const every = milliseconds("every", options.every, 1);
  if (every > size) throw new RangeError(`every: expected at most the size, ${options.size} s, got ${options.every} s`);
  if (size > every * MAX_OVERLAP) {
    throw new RangeError(`every: expected at least a ${MAX_OVERLAP}th of the size, got ${options.every} s`);
  }
  return () => new SlidingTime({ size, every, capacity, percentileCapacity, ...waiting });
}

function sessionFactory(options: WindowOptions, percentileCapacity: number): () => Windower {
  const gap = milliseconds("gap", options.gap, 1);
  const maxDuration = milliseconds("maxDuration", options.maxDuration, 0);
  const waiting = waitingOf(options, gap);
  return () => new Sessions({ gap, maxDuration, percentileCapacity, ...waiting });
}

/** Windows that wait stay open side by side, so the wait is bounded by how many may be open. */
function waitingOf(options: WindowOptions, size: number): { lateness: number; idle: number } {
  const lateness = milliseconds("lateness", options.lateness, 0);
  if (lateness > size * (MAX_PANES / 10)) {
    throw new RangeError(`lateness: expected at most ${MAX_PANES / 10} windows, got ${options.lateness} s`);
  }
  return { lateness, idle: milliseconds("idle", options.idle, 0) };
}

const PLACES = /\{[^}]*\}/g;

function resultsOf(options: WindowOptions): SeriesWindowOptions {
  const statistics = options.statistics.map(statisticNamed);
  const percentiles = options.percentiles.map((percentile) => {
    if (percentile >= 0 && percentile <= 100) return { name: `p${percentile}`, fraction: percentile / 100 };
    throw new RangeError(`percentiles: expected numbers from 0 to 100, got ${percentile}`);
  });
  const results = statistics.length + percentiles.length;
  if (results === 0) throw new RangeError("statistics: expected at least one statistic or percentile");
  const { naming, timestamp, bounds } = options;
  const unknown = naming.match(PLACES)?.find((place) => place !== "{sensor}" && place !== "{statistic}");
  if (unknown) throw new RangeError(`naming: expected {sensor} and {statistic}, got ${unknown}`);
  if (results > 1 && !naming.includes("{statistic}")) {
    throw new RangeError(`naming: expected {statistic} in it, because there are ${results} results, got "${naming}"`);
  }
  return { statistics, percentiles, naming, timestamp, bounds, label: labelOf(options) };
}

function labelOf(options: WindowOptions): string {
  if (options.kind === "session") return `session ${options.gap} s`;
  return options.by === "time" ? `${options.size} s` : `${options.count} readings`;
}

function milliseconds(name: string, seconds: number, min: number): number {
  const ms = Math.round(seconds * 1000);
  if (ms >= min && seconds <= LONGEST_S) return ms;
  throw new RangeError(`${name}: expected ${min / 1000} to ${LONGEST_S} s, got ${seconds}`);
}
