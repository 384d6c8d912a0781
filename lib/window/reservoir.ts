import { SavedState, type Snapshotable } from "../numeric/state";

/**
 * Values for percentiles in bounded memory: all of them up to `capacity`, beyond that a uniform random sample of it
 * (Vitter 1985, ACM TOMS 11:37, algorithm R). The random numbers are a part of the state, so runs can be repeated.
 */
export class Reservoir implements Snapshotable {
  #values: number[] = [];
  #seen = 0;
  #random = 0x9e3779b9;

  constructor(readonly capacity: number) {}

  push(value: number): void {
    this.#seen += 1;
    if (this.#values.length < this.capacity) {
      this.#values.push(value);
      return;
    }
    const slot = Math.floor(this.#nextRandom() * this.#seen);
    if (slot < this.capacity) this.#values[slot] = value;
  }

  /** Becomes a sample of both; each side is drawn from in proportion to what it stands for. */
  merge(other: Reservoir): void {
    const mine = this.#values;
    const theirs = [...other.#values];
    let left = this.#seen;
    let right = other.#seen;
    this.#seen = left + right;
    if (this.#seen <= this.capacity) {
      mine.push(...theirs);
      return;
    }
    const drawn: number[] = [];
    while (drawn.length < this.capacity && mine.length + theirs.length > 0) {
      const fromMine = mine.length > 0 && (theirs.length === 0 || this.#nextRandom() * (left + right) < left);
      drawn.push(this.#take(fromMine ? mine : theirs));
      if (fromMine) left -= 1;
      else right -= 1;
    }
    this.#values = drawn;
  }

  #take(values: number[]): number {
    const slot = Math.floor(this.#nextRandom() * values.length);
    const taken = values[slot] as number;
    values[slot] = values[values.length - 1] as number;
    values.pop();
    return taken;
  }

  /** The values kept, ascending. */
  sorted(): Float64Array {
    return Float64Array.from(this.#values).sort();
  }

  /** Uniform in [0, 1): xorshift32 (Marsaglia 2003, J. Stat. Softw. 8:14). */
  #nextRandom(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return this.#random / 2 ** 32;
  }

  snapshot(): unknown {
    return { values: [...this.#values], seen: this.#seen, random: this.#random };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const values = saved.numbers("values", this.capacity);
    this.#seen = saved.index("seen", Number.MAX_SAFE_INTEGER);
    this.#random = saved.index("random", 2 ** 32 - 1) || 1;
    this.#values = [...values];
  }
}
