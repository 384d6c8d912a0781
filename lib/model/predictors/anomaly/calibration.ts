import { SMALLEST_P } from "../../../detect/detector";
import { ModelFields } from "../fields";

/**
 * What scores mean: the probability that a normal row scores at least as high. Up to the 90 % quantile of the scores in
 * training it is read from their quantiles; above, where they are few, the tail is taken as exponential with the mean excess that
 * was seen (the peaks-over-threshold model of Pickands 1975 with shape 0).
 */
export interface CalibrationDocument {
  /** Scores that a share of 0, 1/n … 0.9 of the training rows is at or below, rising; at least two. */
  readonly quantiles: readonly number[];
  /** Mean of what scores above the last quantile exceed it by; above 0. */
  readonly excess: number;
}

export type Calibration = (score: number) => number;

const MAX_QUANTILES = 10_000;
/** Share of the training rows above the last quantile. */
export const TAIL = 0.1;

export function loadCalibration(fields: ModelFields): Calibration {
  const path = fields.path === "" ? "calibration" : `${fields.path}.calibration`;
  const own = new ModelFields(fields.any("calibration"), path);
  const quantiles = own.numbers("quantiles", 2, MAX_QUANTILES);
  const excess = own.number("excess");
  if (quantiles.some((score, i) => i > 0 && score < quantiles[i - 1]!)) own.fail("quantiles", "rising numbers");
  if (excess <= 0) own.fail("excess", "a number above 0");
  return calibrationOf({ quantiles, excess });
}

/** What gives p of a score. */
export function calibrationOf({ quantiles, excess }: CalibrationDocument): Calibration {
  const last = quantiles.at(-1)!;
  return (score) => {
    if (score > last) return Math.max(SMALLEST_P, TAIL * Math.exp(-(score - last) / excess));
    return 1 - (1 - TAIL) * rankOf(score, quantiles);
  };
}

/** From 0 at the first quantile to 1 at the last, linear between. */
function rankOf(score: number, quantiles: readonly number[]): number {
  let low = 0;
  let high = quantiles.length - 1;
  if (score <= quantiles[0]!) return 0;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (quantiles[middle]! <= score) low = middle;
    else high = middle;
  }
  const width = quantiles[high]! - quantiles[low]!;
  const within = width > 0 ? Math.min(1, (score - quantiles[low]!) / width) : 1;
  return (low + within) / (quantiles.length - 1);
}
