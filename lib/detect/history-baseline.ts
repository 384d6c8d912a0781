import { integerWithin, numberWithin } from "../numeric/limits";
import type { AnomalyVerdict } from "../reading/reading";
import type { Detector } from "./detector";
import { type DetectorOptions, minStdOf } from "./options";
import { RecentMoments } from "./recent-moments";
import { HIGHEST_SCORE, ROUNDING, type SeverityBands, verdictOf } from "./severity";
import { studentTwoSidedTail } from "./tail";

export interface HistoryBaselineOptions {
  /** How far back, ms. */
  readonly span: number;
  readonly minimum: number;
  /** Standard deviations from which a value is an anomaly of medium, and of high severity. */
  readonly medium: number;
  readonly high: number;
  readonly minStd: number;
}

const HOUR_MS = 3_600_000;

/** @throws RangeError naming the option */
export function historyFactory(options: DetectorOptions): () => Detector {
  const { mediumSigmas: medium, highSigmas: high } = options;
  const checked: HistoryBaselineOptions = {
    span: historySpanOf(options),
    minimum: integerWithin("historyMinimum", options.historyMinimum, 3, 1_000_000),
    medium: numberWithin("mediumSigmas", medium, 0.1, 1000),
    high: numberWithin("highSigmas", high, medium, 1000),
    minStd: minStdOf(options),
  };
  return () => new HistoryBaseline(checked);
}

/** How far back values count, ms. @throws RangeError */
export function historySpanOf({ hours }: Pick<DetectorOptions, "hours">): number {
  return numberWithin("hours", hours, 0.01, 24 * 366) * HOUR_MS;
}

/**
 * Compares a value with the mean and the standard deviation of all that the series has shown in the last day, however many
 * values that were: beyond two standard deviations it is an anomaly of medium, beyond three of high severity.
 *
 * p is calibrated for normal values by Student's distribution, as that of the z-score.
 */
export class HistoryBaseline implements Detector {
  readonly #past: RecentMoments;
  readonly #bands: SeverityBands;

  constructor(private readonly options: HistoryBaselineOptions) {
    this.#past = new RecentMoments(options.span);
    this.#bands = { medium: options.medium, high: options.high, critical: Number.POSITIVE_INFINITY };
  }

  judge(value: number, timestamp: number): AnomalyVerdict | undefined {
    const { count, mean, variance } = this.#past.at(timestamp);
    const { minimum, medium, minStd } = this.options;
    if (count < minimum) return undefined;
    const std = Math.max(Math.sqrt(variance), minStd, ROUNDING * Math.abs(mean));
    const distance = Math.abs(value - mean);
    const score = distance === 0 ? 0 : Math.min(distance / std, HIGHEST_SCORE);
    const p = studentTwoSidedTail(score / Math.sqrt(1 + 1 / count), count - 1);
    const expected = { low: mean - medium * std, high: mean + medium * std };
    return verdictOf("history", score > medium, score, p, expected, this.#bands);
  }

  learn(value: number, timestamp: number): void {
    this.#past.push(value, timestamp);
  }

  reset(): void {
    this.#past.clear();
  }

  snapshot(): unknown {
    return this.#past.snapshot();
  }

  restore(state: unknown): void {
    this.#past.restore(state);
  }
}
