import { SavedState, type Snapshotable } from "../numeric/state";

/** Extremes that the tail is estimated from. */
const SPACINGS = 10;

/**
 * The upper end of what a series has shown: its 11 largest values, and from them the probability that the next value
 * reaches x. Any of n + 1 values in random order is as likely as the others to be the largest, so the next one is among the
 * 11 largest with probability 11 / (n + 1), whatever the distribution (Renyi 1962; Arnold, Balakrishnan and Nagaraja 1998,
 * Records). How far it then goes follows from the spacings of the others: above the 11th the excesses are about exponential
 * (Weissman 1978, JASA 73:812), their sum E is gamma distributed, and the excess of a new one has the predictive tail
 * (1 + d / E)^-10.
 */
export class RecordTail implements Snapshotable {
  /** Ascending; the first is the 11th largest. */
  readonly #largest = new Float64Array(SPACINGS + 1);
  #kept = 0;

  get isReady(): boolean {
    return this.#kept > SPACINGS;
  }

  /** The largest value seen. Precondition: ready. */
  get record(): number {
    return this.#largest[SPACINGS] as number;
  }

  learn(value: number): void {
    const values = this.#largest;
    if (this.#kept <= SPACINGS) {
      values[this.#kept] = value;
      this.#kept += 1;
      if (this.#kept > SPACINGS) values.sort();
      return;
    }
    if (value <= (values[0] as number)) return;
    let place = 0;
    while (place < SPACINGS && (values[place + 1] as number) < value) {
      values[place] = values[place + 1] as number;
      place += 1;
    }
    values[place] = value;
  }

  /**
   * @param count values learned
   * @param scale the mean excess is not taken as smaller
   */
  upperTail(x: number, count: number, scale: number): number {
    const excess = x - (this.#largest[0] as number);
    const reached = (SPACINGS + 1) / (count + 1);
    return excess <= 0 ? 1 : reached * (1 + excess / this.#excesses(scale)) ** -SPACINGS;
  }

  /** The value that the next one reaches with probability p; at least the record. */
  quantile(p: number, count: number, scale: number): number {
    const factor = Math.max(1, (SPACINGS + 1) / (count + 1) / p);
    const excess = this.#excesses(scale) * (factor ** (1 / SPACINGS) - 1);
    return Math.max(this.record, (this.#largest[0] as number) + excess);
  }

  #excesses(scale: number): number {
    const threshold = this.#largest[0] as number;
    let sum = 0;
    for (let i = 1; i <= SPACINGS; i++) sum += (this.#largest[i] as number) - threshold;
    return Math.max(sum, SPACINGS * scale);
  }

  reset(): void {
    this.#kept = 0;
  }

  snapshot(): unknown {
    return { largest: Array.from(this.#largest.subarray(0, this.#kept)) };
  }

  restore(state: unknown): void {
    const values = new SavedState(state).numbers("largest", SPACINGS + 1);
    this.#largest.set(values);
    this.#kept = values.length;
  }
}
