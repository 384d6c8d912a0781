import { SavedState, type Snapshotable } from "./state";

/**
 * Count, sum, mean, variance and extremes of a growing set of values, O(1) memory, that can be merged with another.
 * Mean and variance are taken relative to the first value, so that rounding is in proportion to the spread and not to the
 * size of the values, by Welford 1962, merged by Chan, Golub and LeVeque 1979 (Stanford STAN-CS-79-773, eq. 2.1); the sum
 * is compensated by Neumaier 1974 (ZAMM 54:39), so it stays right to the last digit over millions of values.
 */
export class RunningMoments implements Snapshotable {
  #count = 0;
  #sum = 0;
  #compensation = 0;
  /** The first value. */
  #origin = 0;
  /** Of the values minus the origin. */
  #mean = 0;
  #squares = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum + this.#compensation;
  }

  get mean(): number {
    return this.#origin + this.#mean;
  }

  /** Smallest value; Infinity while there is none. */
  get min(): number {
    return this.#min;
  }

  /** Largest value; -Infinity while there is none. */
  get max(): number {
    return this.#max;
  }

  /** Sample variance, divisor n - 1; undefined for fewer than two values, where it has no meaning. */
  get variance(): number | undefined {
    return this.#count < 2 ? undefined : this.#squares / (this.#count - 1);
  }

  push(value: number): void {
    if (this.#count === 0) this.#origin = value;
    this.#count += 1;
    const distance = value - this.#origin;
    const delta = distance - this.#mean;
    this.#mean += delta / this.#count;
    this.#squares += delta * (distance - this.#mean);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#addToSum(value);
  }

  /** Adds all that the other has seen. */
  merge(other: RunningMoments): void {
    if (other.#count === 0) return;
    if (this.#count === 0) this.#origin = other.#origin;
    const count = this.#count + other.#count;
    const delta = other.#origin - this.#origin + (other.#mean - this.#mean);
    this.#mean += (delta * other.#count) / count;
    this.#squares += other.#squares + delta * delta * ((this.#count * other.#count) / count);
    this.#count = count;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#addToSum(other.#sum);
    this.#compensation += other.#compensation;
  }

  #addToSum(value: number): void {
    const sum = this.#sum + value;
    this.#compensation += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }

  snapshot(): unknown {
    if (this.#count === 0) return { count: 0 };
    return {
      count: this.#count,
      sum: this.#sum,
      compensation: this.#compensation,
      origin: this.#origin,
      mean: this.#mean,
      squares: this.#squares,
      min: this.#min,
      max: this.#max,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const count = saved.index("count", Number.MAX_SAFE_INTEGER);
    const of = (field: string, empty: number): number => (count > 0 ? saved.number(field) : empty);
    this.#sum = of("sum", 0);
    this.#compensation = of("compensation", 0);
    this.#origin = of("origin", 0);
    this.#mean = of("mean", 0);
    this.#squares = of("squares", 0);
    this.#min = of("min", Number.POSITIVE_INFINITY);
    this.#max = of("max", Number.NEGATIVE_INFINITY);
    this.#count = count;
  }
}
