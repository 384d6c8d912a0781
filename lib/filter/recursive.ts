import { SavedState } from "../numeric/state";
import type { Smoother } from "./filter";

/**
 * Exponentially weighted moving average, y += alpha * (x - y), starting at the first value (Roberts 1959, Technometrics
 * 1:239). `alpha` is the weight of the newest value, 0 < alpha <= 1.
 */
export class Ewma implements Smoother {
  #mean: number | undefined;

  constructor(private readonly alpha: number) {}

  next(value: number): number {
    this.#mean = this.#mean === undefined ? value : this.#mean + this.alpha * (value - this.#mean);
    return this.#mean;
  }

  reset(): void {
    this.#mean = undefined;
  }

  snapshot(): unknown {
    return { mean: this.#mean };
  }

  restore(state: unknown): void {
    this.#mean = new SavedState(state).optionalNumber("mean");
  }
}

/**
 * The same for readings that do not come at equal intervals: alpha = 1 - exp(-dt / tau), which is the answer of a
 * first-order lag with time constant tau to a value that held since the reading before (Eckner 2019, Algorithms for
 * Unevenly Spaced Time Series, section 4, "next point"). A reading no later than the one before has no weight.
 */
export class TimeConstantEwma implements Smoother {
  #mean = 0;
  #time: number | undefined;

  /** @param timeConstant in ms, > 0 */
  constructor(private readonly timeConstant: number) {}

  next(value: number, timestamp: number): number {
    if (this.#time === undefined) this.#mean = value;
    else this.#mean -= Math.expm1(-elapsed(this.#time, timestamp) / this.timeConstant) * (value - this.#mean);
    this.#time = timestamp;
    return this.#mean;
  }

  reset(): void {
    this.#time = undefined;
  }

  snapshot(): unknown {
    return { mean: this.#mean, time: this.#time };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#mean = saved.number("mean");
    this.#time = saved.optionalNumber("time");
  }
}

/**
 * Kalman filter of one number that wanders (local level model: Kalman 1960, J. Basic Eng. 82:35; Durbin and Koopman 2012,
 * ch. 2): the true value moves at random by `processNoise` * sqrt(dt) between readings, dt in s, and each reading is off
 * by `measurementNoise`; both are standard deviations in the reading's unit. Starts at the first value.
 */
export class Kalman implements Smoother {
  #level = 0;
  #variance = 0;
  #time: number | undefined;
  readonly #measurementVariance: number;
  readonly #driftPerMs: number;

  constructor(options: { readonly measurementNoise: number; readonly processNoise: number }) {
    this.#measurementVariance = options.measurementNoise ** 2;
    this.#driftPerMs = options.processNoise ** 2 / 1000;
  }

  next(value: number, timestamp: number): number {
    if (this.#time === undefined) {
      this.#level = value;
      this.#variance = this.#measurementVariance;
    } else {
      const predicted = this.#variance + this.#driftPerMs * elapsed(this.#time, timestamp);
      const gain = predicted / (predicted + this.#measurementVariance);
      this.#level += gain * (value - this.#level);
      this.#variance = (1 - gain) * predicted;
    }
    this.#time = timestamp;
    return this.#level;
  }

  reset(): void {
    this.#time = undefined;
  }

  snapshot(): unknown {
    return { level: this.#level, variance: this.#variance, time: this.#time };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#level = saved.number("level");
    this.#variance = saved.number("variance");
    this.#time = saved.optionalNumber("time");
  }
}

/** Follows the input, but never faster than `rate` units a second; starts at the first value. */
export class SlewLimit implements Smoother {
  #output = 0;
  #time: number | undefined;

  constructor(private readonly rate: number) {}

  next(value: number, timestamp: number): number {
    if (this.#time === undefined) {
      this.#output = value;
    } else {
      const step = (this.rate * elapsed(this.#time, timestamp)) / 1000;
      // Written without a difference, so that an output that has caught up is the value itself to the last digit.
      if (value > this.#output + step) this.#output += step;
      else if (value < this.#output - step) this.#output -= step;
      else this.#output = value;
    }
    this.#time = timestamp;
    return this.#output;
  }

  reset(): void {
    this.#time = undefined;
  }

  snapshot(): unknown {
    return { output: this.#output, time: this.#time };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#output = saved.number("output");
    this.#time = saved.optionalNumber("time");
  }
}

/**
 * Time since the reading before, never negative. The reading before is always the last that came, not the latest one:
 * a single reading dated far ahead then costs one step instead of freezing the filter until that date.
 */
function elapsed(from: number, to: number): number {
  return to > from ? to - from : 0;
}
