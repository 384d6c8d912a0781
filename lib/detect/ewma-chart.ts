import { numberWithin } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { Baseline, type BaselineOptions, baselineOptionsOf } from "./baseline";
import type { Detector } from "./detector";
import { bandsOf, type DetectorOptions } from "./options";
import { type SeverityBands, verdictOf } from "./severity";
import { normalUpperTail } from "./tail";

export interface EwmaChartOptions {
  /** Weight of the newest value, above 0 to 1. */
  readonly lambda: number;
  /** Limits, in standard deviations of the smoothed value. */
  readonly limit: number;
  readonly baseline: BaselineOptions;
  readonly bands: SeverityBands;
}

/** @throws RangeError naming the option */
export function ewmaFactory(options: DetectorOptions): () => Detector {
  const checked: EwmaChartOptions = {
    lambda: numberWithin("lambda", options.lambda, 0.001, 1),
    limit: numberWithin("limit", options.limit, 0.1, 1000),
    baseline: baselineOptionsOf(options),
    bands: bandsOf(options),
  };
  return () => new EwmaChart(checked);
}

/**
 * EWMA control chart (Roberts 1959, Technometrics 1:239): an exponentially weighted moving average of the standardised
 * values, z = lambda u + (1 - lambda) z, out of control beyond `limit` of its standard deviations. These are the exact ones
 * for each reading, sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^2i)), so that the first values are judged as strictly as the
 * later ones (Lucas and Saccucci 1990, Technometrics 32:1). What is normal is learned meanwhile, see Baseline.
 *
 * The score is |z| in its standard deviations; p is that of a standard normal deviate, which it is for normal values.
 */
export class EwmaChart implements Detector {
  readonly #baseline: Baseline;
  #smoothed = 0;
  /** (1 - lambda)^2i: what is missing of the variance in the long run. */
  #missing = 1;

  constructor(private readonly options: EwmaChartOptions) {
    this.#baseline = new Baseline(options.baseline);
  }

  judge(value: number): AnomalyVerdict | undefined {
    const { lambda, limit, bands } = this.options;
    const baseline = this.#baseline;
    if (!baseline.isReady) return undefined;
    const kept = (1 - lambda) * this.#smoothed;
    const std = Math.sqrt((lambda / (2 - lambda)) * (1 - this.#missing * (1 - lambda) ** 2));
    const score = Math.abs(lambda * baseline.standardise(value) + kept) / std;
    const expected = {
      low: baseline.valueOf((-limit * std - kept) / lambda),
      high: baseline.valueOf((limit * std - kept) / lambda),
    };
    return verdictOf("EWMA chart", score > limit, score, 2 * normalUpperTail(score), expected, bands);
  }

  learn(value: number): void {
    this.follow(value);
    this.#baseline.learn(value);
  }

  /** The average goes on though what is normal does not. */
  follow(value: number): void {
    if (!this.#baseline.isReady) return;
    const { lambda } = this.options;
    this.#smoothed += lambda * (this.#baseline.standardise(value) - this.#smoothed);
    this.#missing *= (1 - lambda) ** 2;
  }

  reset(): void {
    this.#baseline.reset();
    this.#smoothed = 0;
    this.#missing = 1;
  }

  snapshot(): unknown {
    return { baseline: this.#baseline.snapshot(), smoothed: this.#smoothed, missing: this.#missing };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const smoothed = saved.number("smoothed");
    const missing = saved.number("missing");
    this.#baseline.restore(saved.any("baseline"));
    this.#smoothed = smoothed;
    this.#missing = missing;
  }
}
