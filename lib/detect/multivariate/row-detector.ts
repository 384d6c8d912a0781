import type { AnomalyVerdict } from "../../reading/reading";
import type { Detector } from "../detector";

/** A verdict on a row of several sensors; arrays have one entry a sensor, in the row's order. */
export interface RowVerdict extends AnomalyVerdict {
  /** Each sensor's share in the score, from 0 to 1, 1 together; all 0 when nothing deviates. */
  readonly contributions: ArrayLike<number>;
  /** Where each sensor was expected, in its own unit; NaN where nothing is known. Not of every detector. */
  readonly lows?: ArrayLike<number>;
  readonly highs?: ArrayLike<number>;
}

/**
 * A detector on rows of several sensors in a fixed order. NaN stands for a sensor that is missing in the row: it then neither
 * contributes nor teaches anything.
 */
export interface RowDetector extends Detector<Float64Array> {
  /** True for a detector that decides by itself what it learns of anomalies; it is then given every row. */
  readonly gatesItself: boolean;
  judge(row: Float64Array, timestamp: number): RowVerdict | undefined;
}

/** Most columns of a row that these detectors take: covariances grow with the square. */
export const MAX_COLUMNS = 64;

/** The weights with their sum made 1; all 0 where the sum is. */
export function sharesOf(weights: Float64Array): Float64Array {
  let sum = 0;
  for (const weight of weights) sum += weight;
  return sum > 0 ? weights.map((weight) => weight / sum) : new Float64Array(weights.length);
}
