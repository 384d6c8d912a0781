import { SavedState } from "../../numeric/state";
import { uniform } from "../../simulation/random";
import { CutTree } from "./cut-tree";
import type { Forest } from "./forest";

export interface RandomCutOptions {
  readonly sensors: number;
  readonly trees: number;
  /** Points a tree holds. */
  readonly sample: number;
  /** Latest points, about, that all trees together hold a sample of. */
  readonly window: number;
  readonly seed: number;
}

/**
 * Robust random cut forest (Guha et al. 2016): a point is unusual by how much its arrival would displace the others in trees of
 * random cuts. Each tree takes a point with probability sample / window and lets go of its oldest, so that it holds a random
 * part of about the latest `window` points, and trees differ. Randomness comes from seed and a counter, which a snapshot holds.
 */
export class RandomCutForest implements Forest {
  readonly #trees: CutTree[];
  #drawn = 0;
  #point: Float32Array;

  constructor(private readonly options: RandomCutOptions) {
    this.#trees = Array.from({ length: options.trees }, () => new CutTree(options.sensors, options.sample));
    this.#point = new Float32Array(options.sensors);
  }

  /** Binary logarithm of the mean displacement. */
  score(point: Float64Array): number | undefined {
    this.#point.set(point);
    let sum = 0;
    for (const tree of this.#trees) {
      // A tree of a few points takes everything for new.
      if (tree.count < this.options.sample / 4) return undefined;
      sum += tree.displacement(this.#point);
    }
    return Math.log2(sum / this.#trees.length + 1);
  }

  contributions(point: Float64Array): Float64Array {
    this.#point.set(point);
    const shares = new Float64Array(this.options.sensors);
    for (const tree of this.#trees) tree.displacement(this.#point, shares);
    return shares;
  }

  learn(point: Float64Array): void {
    this.#point.set(point);
    const { sample, window } = this.options;
    for (const tree of this.#trees) {
      const wanted = tree.count < Math.min(sample, window) / 4 || this.#random() * window < sample;
      if (wanted) tree.push(this.#point, this.#random);
    }
  }

  readonly #random = (): number => {
    // The counter is 32 bits; the seed moves on when it has gone round.
    const round = Math.floor(this.#drawn / 2 ** 32);
    return uniform(this.options.seed + round, this.#drawn++ % 2 ** 32);
  };

  clear(): void {
    for (const tree of this.#trees) tree.clear();
    this.#drawn = 0;
  }

  snapshot(): unknown {
    return { drawn: this.#drawn, trees: this.#trees.map((tree) => tree.snapshot()) };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const drawn = saved.index("drawn", Number.MAX_SAFE_INTEGER);
    const trees = saved.list("trees", this.#trees.length);
    this.#trees.forEach((tree, i) => {
      tree.restore(trees[i]);
    });
    this.#drawn = drawn;
  }
}
