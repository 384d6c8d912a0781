import { integerWithin, numberWithin } from "../numeric/limits";
import type { Detector } from "./detector";
import { SeriesDetector } from "./series-detector";
import { ZScore } from "./z-score";

export type DetectorMethod = "zScore";

/** Everything a detector of one series can be told; each method takes its own part. Times are in seconds. */
export interface DetectorOptions {
  readonly method: DetectorMethod;
  /** zScore: values that the mean and the standard deviation are of, 3 to 10 000. */
  readonly window: number;
  /** zScore: values needed before anything is judged, 3 to the window. */
  readonly minimum: number;
  /** zScore: standard deviations. */
  readonly threshold: number;
  /** zScore: smallest standard deviation, in the reading's unit. */
  readonly minStd: number;
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

export const DETECTOR_DEFAULTS: DetectorOptions = {
  method: "zScore",
  window: 100,
  minimum: 10,
  threshold: 3,
  minStd: 0,
  medium: 4,
  high: 6,
  critical: 10,
  learnAnomalies: true,
  relearnAfter: 100,
  gap: 0,
};

const MAX_WINDOW = 10_000;

/**
 * Checks the options once and returns what makes the detector of one series.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function detectorFactory(options: Partial<DetectorOptions> = {}): () => SeriesDetector {
  const complete = { ...DETECTOR_DEFAULTS, ...options };
  const create = methodFactory(complete);
  const gap = numberWithin("gap", complete.gap, 0, Number.MAX_VALUE) * 1000;
  const relearnAfter = integerWithin("relearnAfter", complete.relearnAfter, 0, Number.MAX_SAFE_INTEGER);
  const { learnAnomalies } = complete;
  return () => new SeriesDetector(create(), { gap, learnAnomalies, relearnAfter });
}

function methodFactory(options: DetectorOptions): () => Detector {
  switch (options.method) {
    case "zScore":
      return zScoreFactory(options);
    default:
      throw new RangeError(`method: unknown detector "${options.method satisfies never}"`);
  }
}

function zScoreFactory(options: DetectorOptions): () => Detector {
  const window = integerWithin("window", options.window, 3, MAX_WINDOW);
  const minimum = integerWithin("minimum", options.minimum, 3, window);
  const threshold = numberWithin("threshold", options.threshold, Number.MIN_VALUE, 1e6);
  const minStd = numberWithin("minStd", options.minStd, 0, 1e150);
  const { medium, high, critical } = options;
  if (!(medium <= high && high <= critical)) {
    throw new RangeError(`severity: expected medium <= high <= critical, got ${medium}, ${high} and ${critical}`);
  }
  return () => new ZScore({ window, minimum, threshold, minStd, bands: { medium, high, critical } });
}
