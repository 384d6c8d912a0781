import { RankedWindow } from "../numeric/ranked-window";
import type { Snapshotable } from "../numeric/state";

/** Part of the values that counts as the tail. */
const TAIL = 0.05;

/** Values needed before the tail can be told: then it has five. */
const MINIMUM = 100;

/** Heavier tails have no mean, and fits that say so come from few values. */
const HEAVIEST = 0.9;

/**
 * How improbable large values of a stream are, whatever their distribution: ranks among the last values, and beyond the 95 %
 * point a generalised Pareto distribution of the excesses over it (peaks over threshold: Pickands 1975, Annals of Statistics
 * 3:119), fitted by probability-weighted moments (Hosking and Wallis 1987, Technometrics 29:339). A tail that the fit says to
 * end is taken as exponential: no new value is ever called impossible. Values are remembered to seven digits; excesses are not told apart more
 * finely than that.
 */
export class TailCalibration implements Snapshotable {
  readonly #values: RankedWindow;

  /** @param window values that are remembered */
  constructor(window: number) {
    this.#values = new RankedWindow(window);
  }

  get isReady(): boolean {
    return this.#values.count >= MINIMUM;
  }

  learn(value: number): void {
    this.#values.push(value);
  }

  /**
   * Probability that a new value is at least x. Precondition: ready.
   * @param scale the mean excess is not taken as smaller
   */
  upperTail(x: number, scale: number): number {
    const { count } = this.#values;
    const tail = this.#tail(scale);
    if (this.#values.rounded(x) <= tail.from) return (count - this.#values.midRank(x) + 0.5) / (count + 1);
    const excess = x - tail.from;
    const beyond =
      tail.shape === 0 ? Math.exp(-excess / tail.scale) : (1 + (tail.shape * excess) / tail.scale) ** (-1 / tail.shape);
    return tail.share * beyond;
  }

  /** The value that a new one reaches with probability p. Precondition: ready. */
  quantile(p: number, scale: number): number {
    const { count } = this.#values;
    const tail = this.#tail(scale);
    if (p >= tail.share) return this.#values.at(Math.min(Math.max(Math.ceil((1 - p) * count) - 1, 0), count - 1));
    const factor = tail.share / p;
    const excess = tail.shape === 0 ? Math.log(factor) : (factor ** tail.shape - 1) / tail.shape;
    return tail.from + tail.scale * excess;
  }

  /** Where the tail begins, the part of the values beyond, and the distribution of their excesses. */
  #tail(smallest: number): { from: number; share: number; shape: number; scale: number } {
    const values = this.#values;
    const size = Math.floor(TAIL * values.count);
    const first = values.count - size;
    const from = values.at(first - 1);
    let mean = 0;
    let weighted = 0;
    for (let i = 0; i < size; i++) {
      const excess = values.at(first + i) - from;
      mean += excess / size;
      weighted += (excess * (1 - (i + 0.65) / size)) / size;
    }
    // Hosking and Wallis, section 3: k = mean / (mean - 2 weighted) - 2; the shape is -k.
    const shape = mean > 2 * weighted ? Math.min(Math.max(2 - mean / (mean - 2 * weighted), 0), HEAVIEST) : 0;
    const scale = Math.max(mean * (1 - shape), smallest, from * values.resolution, Number.MIN_VALUE);
    return { from, share: size / values.count, shape, scale };
  }

  clear(): void {
    this.#values.clear();
  }

  snapshot(): unknown {
    return this.#values.snapshot();
  }

  restore(state: unknown): void {
    this.#values.restore(state);
  }
}
