import { integerWithin, numberWithin } from "../numeric/limits";
import type { Detector } from "./detector";
import type { SeverityBands } from "./severity";

/** How soon `auto` calls something an anomaly. */
export type Sensitivity = "lower" | "usual" | "higher";

/** Everything the detectors of one series can be told; each method takes its own part. Times are in seconds. */
export interface DetectorOptions {
  /** auto: fewer anomalies, or more. */
  readonly sensitivity: Sensitivity;
  /** auto: readings after an anomaly in which there is no other. */
  readonly refractory: number;
  /** auto, residual: length of the season, s. */
  readonly period: number;
  /** auto: seasons in which more evidence is asked for, as little is known yet; 0 for none. */
  readonly settling: number;
  /** zScore, robustZScore: values that a value is compared with, 3 to 10 000. */
  readonly window: number;
  /** zScore, robustZScore: values needed before anything is judged, 3 to the window. */
  readonly minimum: number;
  /** zScore, robustZScore: standard deviations. */
  readonly threshold: number;
  /** Smallest spread that is believed, as a standard deviation in the reading's unit. */
  readonly minStd: number;
  /** history: how far back, hours. */
  readonly hours: number;
  /** history: values needed before anything is judged. */
  readonly historyMinimum: number;
  /** history: standard deviations from which an anomaly is medium, and high. */
  readonly mediumSigmas: number;
  readonly highSigmas: number;
  /** ewma: weight of the newest value. */
  readonly lambda: number;
  /** ewma: limits, in standard deviations of the smoothed value. */
  readonly limit: number;
  /** cusum: slack k, half of the shift to be found, in standard deviations. */
  readonly slack: number;
  /** cusum: decision interval h, in standard deviations. */
  readonly decision: number;
  /** ewma, cusum: readings that mean and spread are learned from. */
  readonly baseline: number;
  /** ewma, cusum: the process mean and standard deviation where they are known; undefined: learned. */
  readonly target: number | undefined;
  readonly sigma: number | undefined;
  /** range, levelShift, varianceShift, stuck, residual, subsequence: one false alarm in so many normal readings. */
  readonly oneIn: number;
  /** auto, range: what the sensor can show, as its maker declares it; undefined: unknown. */
  readonly declaredLow: number | undefined;
  readonly declaredHigh: number | undefined;
  /** levelShift, varianceShift: readings in the older and in the newer of the two windows. */
  readonly reference: number;
  readonly recent: number;
  /** levelShift: smallest shift that counts, in standard deviations. */
  readonly shift: number;
  /** varianceShift: smallest factor by which the spread must have grown or shrunk. */
  readonly ratio: number;
  /** stuck: fewest repetitions that count. */
  readonly repeats: number;
  /** stuck: changes up to this are none, in the reading's unit. */
  readonly tolerance: number;
  /** subsequence: readings in a row that make a pattern. */
  readonly length: number;
  /** subsequence: patterns that are remembered. */
  readonly contexts: number;
  /** Scores from which an anomaly is medium, high and critical; ascending. */
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
  readonly learnAnomalies: boolean;
  /** Anomalies in a row after which the detector starts afresh when it does not learn them; 0 for never. */
  readonly relearnAfter: number;
  /** A longer time between two readings makes the detector start afresh, s; 0 for none. */
  readonly gap: number;
}

/** Those of auto and subsequence are their own, which a test holds them to: they are not loaded for a z-score. */
export const OPTION_DEFAULTS: DetectorOptions = {
  sensitivity: "usual",
  refractory: 100,
  period: 86_400,
  settling: 7,
  window: 100,
  minimum: 10,
  threshold: 3,
  minStd: 0,
  hours: 24,
  historyMinimum: 10,
  mediumSigmas: 2,
  highSigmas: 3,
  lambda: 0.2,
  limit: 3,
  slack: 0.5,
  decision: 5,
  baseline: 1000,
  target: undefined,
  sigma: undefined,
  oneIn: 10_000,
  declaredLow: undefined,
  declaredHigh: undefined,
  reference: 100,
  recent: 20,
  shift: 2,
  ratio: 2,
  repeats: 10,
  tolerance: 0,
  length: 16,
  contexts: 100,
  medium: 4,
  high: 6,
  critical: 10,
  learnAnomalies: true,
  relearnAfter: 100,
  gap: 0,
};

/** Checks a method's options once and returns what makes its detectors. @throws RangeError naming the option */
export type DetectorMaker = (options: DetectorOptions) => () => Detector;

const MAX_WINDOW = 10_000;

/** Windows of tests that look at every value in them for each reading. */
export const MAX_TEST_WINDOW = 2000;

/** @throws RangeError when the severities do not ascend */
export function bandsOf({ medium, high, critical }: DetectorOptions): SeverityBands {
  if (medium <= high && high <= critical) return { medium, high, critical };
  throw new RangeError(`severity: expected medium <= high <= critical, got ${medium}, ${high} and ${critical}`);
}

/** What the two z-scores are told. @throws RangeError naming the option */
export function zScoreOptionsOf(options: DetectorOptions): {
  readonly window: number;
  readonly minimum: number;
  readonly threshold: number;
  readonly minStd: number;
  readonly bands: SeverityBands;
} {
  const window = integerWithin("window", options.window, 3, MAX_WINDOW);
  return {
    window,
    minimum: integerWithin("minimum", options.minimum, 3, window),
    threshold: numberWithin("threshold", options.threshold, Number.MIN_VALUE, 1e6),
    minStd: minStdOf(options),
    bands: bandsOf(options),
  };
}

/** @throws RangeError when it is none */
export function minStdOf(options: DetectorOptions): number {
  return numberWithin("minStd", options.minStd, 0, 1e150);
}

/** The p below which a reading is an anomaly. @throws RangeError */
export function significanceOf(options: DetectorOptions): number {
  return 1 / numberWithin("oneIn", options.oneIn, 10, 1e12);
}
