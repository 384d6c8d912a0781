import type { Snapshotable } from "../../numeric/state";

/** How unusual a point is by some model of many trees; coordinates are standardised. */
export interface Forest extends Snapshotable {
  /** Higher is more unusual; undefined while the model knows too little. Changes nothing. */
  score(point: Float64Array): number | undefined;
  /** How much each coordinate has to do with the point's being apart; 0 and above, on any scale. */
  contributions(point: Float64Array): Float64Array;
  learn(point: Float64Array): void;
  clear(): void;
  /** The score beyond which the model itself calls a point an anomaly; undefined for models that leave this to the p. */
  readonly limit?: number;
}
