import type { Snapshotable } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";

/**
 * A streaming detector. What every one of them keeps to:
 *
 * - `judge` compares an observation with what was learned before it and changes nothing, `learn` takes it in. They are
 *   apart so that one policy decides for all detectors whether anomalies are learned, and so that an ensemble can ask all its
 *   members before any of them has seen the value.
 * - Memory is bounded by the configuration, whatever comes.
 * - A verdict carries a score on the detector's own scale and, calibrated, p: the probability that a normal
 *   observation is at least this unusual. It is what makes detectors comparable, and is never 0.
 * - `expected` is where the observation would have been normal; detectors of several sensors name those that contributed.
 * - A snapshot survives JSON, and a detector restored from it goes on as if it had never stopped.
 *
 * `Observation` is a number for detectors of one series. Detectors of several sensors take a Float64Array in a fixed order of
 * sensors.
 */
export interface Detector<Observation = number> extends Snapshotable {
  /**
   * @param timestamp ms since the epoch
   * @returns undefined while too little was learned
   */
  judge(observation: Observation, timestamp: number): AnomalyVerdict | undefined;
  learn(observation: Observation, timestamp: number): void;
  /**
   * In the place of `learn` for an anomaly that is not to be learned, where a detector carries something from value to
   * value that must go on nevertheless: a chart its sum, a test its newer window. What is normal is not touched.
   */
  follow?(observation: Observation, timestamp: number): void;
  /** Forgets everything. */
  reset(): void;
}

/** Smallest p that is given, so that its logarithm is finite. */
export const SMALLEST_P = 1e-300;
