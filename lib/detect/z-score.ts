import { SlidingMoments } from "../numeric/sliding-moments";
import type { AnomalyVerdict } from "../reading/reading";
import { type Detector, SMALLEST_P } from "./detector";
import { type DetectorOptions, zScoreOptionsOf } from "./options";
import { HIGHEST_SCORE, ROUNDING, type SeverityBands, severityOf } from "./severity";
import { studentTwoSidedTail } from "./tail";

/** @throws RangeError naming the option */
export function zScoreFactory(options: DetectorOptions): () => Detector {
  const checked = zScoreOptionsOf(options);
  return () => new ZScore(checked);
}

export interface ZScoreOptions {
  /** Values that the mean and the standard deviation are of. */
  readonly window: number;
  /** Values needed before anything is judged; at least 3. */
  readonly minimum: number;
  /** Standard deviations from the mean beyond which a value is an anomaly. */
  readonly threshold: number;
  /** The standard deviation is never taken as smaller than this, in the reading's unit: for series that stand still. */
  readonly minStd: number;
  /** Scores from which an anomaly is medium, high and critical; below it is low. */
  readonly bands: SeverityBands;
}

/**
 * Streaming z-score: how many standard deviations the value is from the mean of the `window` values before it.
 *
 * The value judged is not in that window. Were it, it would pull the mean and widen the spread it is judged by, and no
 * value among n could ever score above (n - 1) / sqrt(n) (Shiffler 1988, The American Statistician 42:79): with 10 values
 * that is 2.85, and a threshold of 3 could not be reached by any outlier, however far.
 *
 * p is calibrated for normal values: (x - mean) / (s sqrt(1 + 1/n)) follows Student's t with n - 1 degrees of freedom.
 */
export class ZScore implements Detector {
  readonly #moments: SlidingMoments;

  constructor(private readonly options: ZScoreOptions) {
    this.#moments = new SlidingMoments(options.window);
  }

  judge(value: number): AnomalyVerdict | undefined {
    const { count, mean, variance } = this.#moments;
    const { minimum, threshold, minStd, bands } = this.options;
    if (count < minimum) return undefined;
    const std = Math.max(Math.sqrt(variance), minStd, ROUNDING * Math.abs(mean));
    const distance = Math.abs(value - mean);
    const score = distance === 0 ? 0 : Math.min(distance / std, HIGHEST_SCORE);
    const p = Math.max(studentTwoSidedTail(score / Math.sqrt(1 + 1 / count), count - 1), SMALLEST_P);
    const expected = { low: mean - threshold * std, high: mean + threshold * std };
    if (score <= threshold) return { detector: "z-score", isAnomaly: false, score, p, expected };
    return { detector: "z-score", isAnomaly: true, score, p, expected, severity: severityOf(score, bands) };
  }

  learn(value: number): void {
    this.#moments.push(value);
  }

  reset(): void {
    this.#moments.clear();
  }

  snapshot(): unknown {
    return this.#moments.snapshot();
  }

  restore(state: unknown): void {
    this.#moments.restore(state);
  }
}
