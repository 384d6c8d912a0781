import { SavedState, type Snapshotable } from "../../numeric/state";

/** The memory is forgotten in this many steps, each the oldest part of it. */
const BLOCKS = 4;

/** Spans that one value moves an edge by at the most. */
const FARTHEST_STEP = 3;

/**
 * Smallest and largest of at least the last `memory` values, in O(1) memory: extremes of blocks, of which the oldest falls
 * out when a new one begins.
 */
export class Extremes implements Snapshotable {
  readonly #blockLength: number;
  #lows: number[] = [];
  #highs: number[] = [];
  #inBlock = 0;
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  constructor(memory: number) {
    this.#blockLength = Math.ceil(memory / BLOCKS);
  }

  /** Values that the extremes are of. */
  get count(): number {
    return Math.max(0, this.#lows.length - 1) * this.#blockLength + this.#inBlock;
  }

  /** Infinity while there is no value. */
  get low(): number {
    return this.#low;
  }

  /** -Infinity while there is no value. */
  get high(): number {
    return this.#high;
  }

  /**
   * The value, moved to within three spans of what was seen. It is what is learned of it: one gross glitch must not hide all
   * that comes after it, while a lasting change is reached within few values, each of which makes the span larger.
   */
  bound(value: number): number {
    const farthest = FARTHEST_STEP * (this.#high - this.#low);
    if (!(farthest > 0)) return value;
    return Math.min(Math.max(value, this.#low - farthest), this.#high + farthest);
  }

  push(value: number): void {
    if (this.#inBlock === this.#blockLength || this.#lows.length === 0) this.#begin();
    this.#inBlock += 1;
    const last = this.#lows.length - 1;
    if (value < (this.#lows[last] as number)) this.#lows[last] = value;
    if (value > (this.#highs[last] as number)) this.#highs[last] = value;
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
  }

  #begin(): void {
    // Arrays of exactly this length: one that grows by push or spread reserves room for many more.
    this.#lows = this.#lows.slice(-BLOCKS).concat(Number.POSITIVE_INFINITY);
    this.#highs = this.#highs.slice(-BLOCKS).concat(Number.NEGATIVE_INFINITY);
    this.#inBlock = 0;
    this.#span();
  }

  #span(): void {
    this.#low = Math.min(...this.#lows);
    this.#high = Math.max(...this.#highs);
  }

  clear(): void {
    this.#lows = [];
    this.#highs = [];
    this.#inBlock = 0;
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }

  snapshot(): unknown {
    // A block that has just begun has infinite extremes, which JSON cannot say; there is none, because it begins with a value.
    return { lows: [...this.#lows], highs: [...this.#highs], inBlock: this.#inBlock };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const lows = saved.numbers("lows", BLOCKS + 1);
    const highs = saved.numbers("highs", lows.length);
    const inBlock = saved.index("inBlock", this.#blockLength);
    this.#lows = [...lows];
    this.#highs = [...highs];
    this.#inBlock = inBlock;
    this.#span();
  }
}
