import { numberWithin } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { Baseline, type BaselineOptions, baselineOptionsOf } from "./baseline";
import { CusumDistribution } from "./cusum-distribution";
import type { Detector } from "./detector";
import { bandsOf, type DetectorOptions } from "./options";
import { type SeverityBands, verdictOf } from "./severity";

export interface CusumOptions {
  /** k, half of the shift to be found, in standard deviations. */
  readonly slack: number;
  /** h, the sum beyond which the chart signals, in standard deviations. */
  readonly decision: number;
  readonly baseline: BaselineOptions;
  readonly bands: SeverityBands;
}

/** @throws RangeError naming the option */
export function cusumFactory(options: DetectorOptions): () => Detector {
  const checked: CusumOptions = {
    slack: numberWithin("slack", options.slack, 0.05, 10),
    decision: numberWithin("decision", options.decision, 0.5, 100),
    baseline: baselineOptionsOf(options),
    bands: bandsOf(options),
  };
  // Computed once for all series, and not before it is needed.
  let distribution: CusumDistribution | undefined;
  const distributionOf = (): CusumDistribution => {
    distribution ??= new CusumDistribution(checked.slack, checked.decision);
    return distribution;
  };
  return () => new Cusum(checked, distributionOf);
}

/**
 * Two-sided tabular CUSUM (Page 1954, Biometrika 41:100; Montgomery, Introduction to Statistical Quality Control, 9.1):
 * sums of what the standardised values have above +k and below -k, never under 0, which signal beyond h. After a signal
 * both start at 0 again, as Page has it: one wild value is one anomaly, a lasting shift is one every few readings until it
 * is learned. What is normal is learned meanwhile, see Baseline.
 *
 * The score is the larger sum, in standard deviations. p is the probability, while all is normal, that one of the two sums
 * is as large; it is 1 while both are 0.
 */
export class Cusum implements Detector {
  readonly #baseline: Baseline;
  #high = 0;
  #low = 0;

  constructor(
    private readonly options: CusumOptions,
    private readonly distribution: () => CusumDistribution,
  ) {
    this.#baseline = new Baseline(options.baseline);
  }

  judge(value: number): AnomalyVerdict | undefined {
    const { slack, decision, bands } = this.options;
    const baseline = this.#baseline;
    if (!baseline.isReady) return undefined;
    const deviate = baseline.standardise(value);
    const score = Math.max(0, this.#high + deviate - slack, this.#low - deviate - slack);
    const expected = {
      low: baseline.valueOf(this.#low - slack - decision),
      high: baseline.valueOf(decision + slack - this.#high),
    };
    const p = 2 * this.distribution().upperTail(score);
    return verdictOf("CUSUM", score > decision, score, p, expected, bands);
  }

  learn(value: number): void {
    this.follow(value);
    this.#baseline.learn(value);
  }

  /** The sums go on though what is normal does not. */
  follow(value: number): void {
    if (!this.#baseline.isReady) return;
    const { slack, decision } = this.options;
    const deviate = this.#baseline.standardise(value);
    this.#high = Math.max(0, this.#high + deviate - slack);
    this.#low = Math.max(0, this.#low - deviate - slack);
    if (this.#high > decision || this.#low > decision) this.#high = this.#low = 0;
  }

  reset(): void {
    this.#baseline.reset();
    this.#high = this.#low = 0;
  }

  snapshot(): unknown {
    return { baseline: this.#baseline.snapshot(), high: this.#high, low: this.#low };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const high = saved.number("high");
    const low = saved.number("low");
    this.#baseline.restore(saved.any("baseline"));
    this.#high = high;
    this.#low = low;
  }
}
