import { type CalibrationDocument, TAIL } from "../../model/predictors/anomaly/calibration";

const STEPS = 90;

/** What scores mean, from those of the rows in training. */
export function calibrated(scores: Float64Array): CalibrationDocument {
  const sorted = scores.slice().sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  const quantiles = Array.from({ length: STEPS + 1 }, (_, i) => at(((1 - TAIL) * i) / STEPS));
  const last = quantiles.at(-1)!;
  const above = sorted.filter((score) => score > last);
  const excess = above.reduce((sum, score) => sum + score - last, 0) / above.length;
  // Scores that do not differ say nothing of the tail; then a thousandth of their size stands for it.
  return { quantiles, excess: excess > 0 ? excess : Math.max(1e-9, Math.abs(last) / 1000) };
}
