import { SavedState, type Snapshotable } from "./state";

/** Largest magnitude whose square still fits a double with room for a sum. Callers keep larger values out. */
export const MAX_MAGNITUDE = 1e150;

/** When the squares have shrunk by this much since they were last exact, rounding has eaten too many digits of them. */
const SHRINKAGE = 1e-6;

/**
 * Mean and variance of the last `capacity` values, O(1) amortised a value and without allocation.
 *
 * Values are added and replaced by Welford's update (Welford 1962, Technometrics 4:419; the replacing form follows from
 * adding one and removing one), which never subtracts two large sums, and taken relative to a value amid them, so that
 * rounding is in proportion to their spread and not to their size: near 1e9 a spread of 0.001 is still right. What
 * rounding leaves behind is removed by an exact pass once a turn of the ring, and at once when the spread has collapsed,
 * as it does when a huge outlier leaves the window.
 */
export class SlidingMoments implements Snapshotable {
  readonly #values: Float64Array;
  #count = 0;
  #next = 0;
  /** Subtracted from all values before anything is computed of them. */
  #origin = 0;
  /** Of the values minus the origin. */
  #mean = 0;
  #squares = 0;
  #peak = 0;

  /** @throws RangeError when capacity is not a positive integer */
  constructor(readonly capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`expected a window of at least 1, got ${capacity}`);
    this.#values = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Mean of the values in the window; 0 while it is empty. */
  get mean(): number {
    return this.#origin + this.#mean;
  }

  /** Sample variance, divisor n - 1; 0 for fewer than two values. */
  get variance(): number {
    return this.#count < 2 ? 0 : this.#squares / (this.#count - 1);
  }

  /** Adds a value, which replaces the oldest once the window is full. Precondition: |value| <= MAX_MAGNITUDE. */
  push(value: number): void {
    if (this.#count === 0) this.#origin = value;
    const distance = value - this.#origin;
    const mean = this.#mean;
    if (this.#count < this.capacity) {
      this.#count += 1;
      const delta = distance - mean;
      this.#mean = mean + delta / this.#count;
      this.#squares += delta * (distance - this.#mean);
    } else {
      const oldest = this.#values[this.#next] as number;
      const delta = value - oldest;
      this.#mean = mean + delta / this.#count;
      this.#squares += delta * (distance - this.#mean + (oldest - this.#origin - mean));
    }
    this.#values[this.#next] = value;
    this.#next += 1;
    if (this.#squares > this.#peak) this.#peak = this.#squares;
    if (this.#next === this.capacity) {
      this.#next = 0;
      this.#recompute();
    } else if (this.#squares < this.#peak * SHRINKAGE) {
      this.#recompute();
    }
  }

  clear(): void {
    this.#count = this.#next = this.#origin = this.#mean = this.#squares = this.#peak = 0;
  }

  /** Two passes over the ring, shifted by one of the values and corrected for the rounding of the mean. */
  #recompute(): void {
    const values = this.#values;
    const count = this.#count;
    const shift = values[0] as number;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (values[i] as number) - shift;
    const origin = shift + sum / count;
    let squares = 0;
    let residue = 0;
    for (let i = 0; i < count; i++) {
      const deviation = (values[i] as number) - origin;
      squares += deviation * deviation;
      residue += deviation;
    }
    this.#origin = origin;
    this.#mean = residue / count;
    this.#squares = Math.max(0, squares - (residue * residue) / count);
    this.#peak = this.#squares;
  }

  snapshot(): unknown {
    return {
      values: Array.from(this.#values.subarray(0, this.#count)),
      next: this.#next,
      origin: this.#origin,
      mean: this.#mean,
      squares: this.#squares,
      peak: this.#peak,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const { values, next } = saved.ring(this.capacity);
    const [origin, mean] = [saved.number("origin"), saved.number("mean")];
    const [squares, peak] = [saved.notNegative("squares"), saved.notNegative("peak")];
    [this.#origin, this.#mean, this.#squares, this.#peak] = [origin, mean, squares, peak];
    this.#values.set(values);
    this.#count = values.length;
    this.#next = next;
  }
}
