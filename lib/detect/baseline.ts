import { integerWithin, numberWithin, positiveNumber } from "../numeric/limits";
import { MAX_MAGNITUDE } from "../numeric/sliding-moments";
import { SavedState, type Snapshotable } from "../numeric/state";
import { type DetectorOptions, minStdOf } from "./options";
import { ROUNDING } from "./severity";
import { normalOfStudent } from "./tail";

export interface BaselineOptions {
  /** Readings until which all count the same; from then on older ones fade. */
  readonly length: number;
  /** The process mean and standard deviation where they are known. */
  readonly target: number | undefined;
  readonly sigma: number | undefined;
  /** The standard deviation is never taken as smaller than this. */
  readonly minStd: number;
}

/** Values whose spread has so few degrees of freedom are not yet standardised. */
const FEWEST = 3;

/** Standardised values are held within this: no normal value lies beyond, and one wild value shall not rule for long. */
const FURTHEST = 8;

/**
 * What is normal for a control chart, learned while the chart runs already: each value is standardised by the mean and the
 * standard deviation of those before it and brought to a standard normal deviate through Student's distribution. For
 * normal values these deviates are independent and exactly standard normal from the fourth value on (Hawkins 1987, The
 * Statistician 36:299, "self-starting"; Quesenberry 1991, Journal of Quality Technology 23:213), so the limits hold from the
 * beginning, without a phase of learning first.
 *
 * After `length` values older ones fade exponentially, so that years of data do not freeze what is normal. O(1) memory.
 */
export class Baseline implements Snapshotable {
  #count = 0;
  /** The first value, from which all others are taken, so that rounding is in proportion to the spread. */
  #origin = 0;
  #mean = 0;
  #variance = 0;

  constructor(private readonly options: BaselineOptions) {}

  /** Values learned. */
  get count(): number {
    return this.#count;
  }

  get isReady(): boolean {
    const { target, sigma } = this.options;
    if (sigma !== undefined && target !== undefined) return true;
    return this.#count > FEWEST;
  }

  /** What the next value is expected to be. */
  get mean(): number {
    return this.options.target ?? this.#origin + this.#mean;
  }

  /** Standard deviation of the next value around `mean`, the doubt about the mean included. */
  get scale(): number {
    const { target, sigma, minStd } = this.options;
    const std = sigma ?? Math.max(Math.sqrt(this.#variance), minStd, ROUNDING * Math.abs(this.mean));
    return target === undefined ? std * Math.sqrt(1 + this.#meanVariance) : std;
  }

  /** The standard normal deviate that the value corresponds to, from -8 to 8. Precondition: ready. */
  standardise(value: number): number {
    const distance = value - this.mean;
    if (distance === 0) return 0;
    const t = Math.abs(distance) / this.scale;
    const z = this.options.sigma === undefined ? normalOfStudent(Math.min(t, 1e9), this.#degrees) : t;
    return Math.sign(distance) * Math.min(z, FURTHEST);
  }

  /** The value that a standard normal deviate corresponds to, by the expansion of Abramowitz and Stegun 26.7.5. */
  valueOf(deviate: number): number {
    const z = deviate;
    if (this.options.sigma !== undefined) return this.mean + z * this.scale;
    const v = this.#degrees;
    const t = z + (z ** 3 + z) / (4 * v) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * v * v);
    return this.mean + t * this.scale;
  }

  learn(value: number): void {
    if (this.#count === 0) this.#origin = value;
    const delta = value - this.#origin - this.#mean;
    if (this.#count < this.options.length) {
      this.#count += 1;
      const n = this.#count;
      this.#mean += delta / n;
      // Sample variance by Welford 1962, kept as such and not as a sum, so that it goes over into the fading one.
      if (n > 1) this.#variance += (delta * delta) / n - this.#variance / (n - 1);
    } else {
      // The differences have a variance of 2 / (2 - weight) times that of the values.
      const weight = this.#weight;
      this.#mean += weight * delta;
      this.#variance += weight * (delta * delta * (1 - weight / 2) - this.#variance);
    }
  }

  get #weight(): number {
    return 1 / this.options.length;
  }

  get #degrees(): number {
    return Math.max(2, this.#count - 1);
  }

  /** Variance of the mean, in those of a value. */
  get #meanVariance(): number {
    if (this.#count < this.options.length) return 1 / Math.max(1, this.#count);
    return this.#weight / (2 - this.#weight);
  }

  reset(): void {
    this.#count = this.#origin = this.#mean = this.#variance = 0;
  }

  snapshot(): unknown {
    return { count: this.#count, origin: this.#origin, mean: this.#mean, variance: this.#variance };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const count = saved.index("count", this.options.length);
    const origin = saved.number("origin");
    const mean = saved.number("mean");
    const variance = saved.notNegative("variance");
    this.#count = count;
    this.#origin = origin;
    this.#mean = mean;
    this.#variance = variance;
  }
}

/** What the charts are told of the process. @throws RangeError naming the option */
export function baselineOptionsOf(options: DetectorOptions): BaselineOptions {
  const { target, sigma } = options;
  return {
    length: integerWithin("baseline", options.baseline, 10, 1_000_000),
    target: target === undefined ? undefined : numberWithin("target", target, -MAX_MAGNITUDE, MAX_MAGNITUDE),
    sigma: sigma === undefined ? undefined : positiveNumber("sigma", sigma),
    minStd: minStdOf(options),
  };
}
