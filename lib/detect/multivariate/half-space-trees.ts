import { SavedState, StateError } from "../../numeric/state";
import { seededRandom } from "../../train/random";
import type { Forest } from "./forest";

/** Points up to this many spreads from the level are in the work space; what lies outside falls into its outermost cells. */
const HALF_WIDTH = 3;

/** A node with fewer points than this part of the window is not looked into any further. */
const SIZE_LIMIT = 0.1;

/**
 * The trees themselves, which are the same for every device with as many sensors: at each node a coordinate, taken at random,
 * is cut in the middle of what is left of its range. Ranges start around a random point (Tan, Ting and Liu 2011, section 3.1).
 */
export class HalfSpaceCuts {
  readonly inner: number;
  readonly nodes: number;
  readonly dimensions: Uint8Array;
  readonly values: Float32Array;

  constructor(
    readonly sensors: number,
    readonly trees: number,
    readonly depth: number,
    seed: number,
  ) {
    this.inner = 2 ** depth - 1;
    this.nodes = 2 ** (depth + 1) - 1;
    this.dimensions = new Uint8Array(trees * this.inner);
    this.values = new Float32Array(trees * this.inner);
    const random = seededRandom(seed);
    for (let tree = 0; tree < trees; tree++) {
      const lows = new Float64Array(sensors);
      const highs = new Float64Array(sensors);
      for (let j = 0; j < sensors; j++) {
        const centre = random.uniform();
        const reach = 2 * Math.max(centre, 1 - centre);
        lows[j] = HALF_WIDTH * (2 * (centre - reach) - 1);
        highs[j] = HALF_WIDTH * (2 * (centre + reach) - 1);
      }
      this.#cut(tree, 0, lows, highs, random.below);
    }
  }

  #cut(tree: number, node: number, lows: Float64Array, highs: Float64Array, below: (n: number) => number): void {
    if (node >= this.inner) return;
    const dimension = below(this.sensors);
    const [low, high] = [lows[dimension] as number, highs[dimension] as number];
    const middle = (low + high) / 2;
    this.dimensions[tree * this.inner + node] = dimension;
    this.values[tree * this.inner + node] = middle;
    highs[dimension] = middle;
    this.#cut(tree, 2 * node + 1, lows, highs, below);
    highs[dimension] = high;
    lows[dimension] = middle;
    this.#cut(tree, 2 * node + 2, lows, highs, below);
    lows[dimension] = low;
  }

  /** The child of an inner node that the point belongs to. */
  child(tree: number, node: number, point: Float64Array): number {
    const at = tree * this.inner + node;
    const value = point[this.dimensions[at] as number] as number;
    return 2 * node + (value < (this.values[at] as number) ? 1 : 2);
  }
}

/**
 * Streaming half-space trees (Tan, Ting and Liu 2011, IJCAI, p. 1511): counts how many points of a window fall into each cell of
 * random partitions, and scores a point by how few there were in its cells in the window before. Memory: two counts a node.
 */
export class HalfSpaceTrees implements Forest {
  /** Counts of the window before, which scores are from, and of the one that runs. */
  #reference: Uint16Array<ArrayBuffer>;
  #latest: Uint16Array<ArrayBuffer>;
  #learned = 0;
  #hasReference = false;

  /** @param window points a window, to 65 535 */
  constructor(
    private readonly cuts: HalfSpaceCuts,
    private readonly window: number,
  ) {
    this.#reference = new Uint16Array(cuts.trees * cuts.nodes);
    this.#latest = new Uint16Array(cuts.trees * cuts.nodes);
  }

  /**
   * Minus the binary logarithm of the density at the point, mean over the trees; 1 is the density of points spread evenly over the
   * work space. The paper adds up densities, in which sum the trees that do not see anything hide those that do.
   */
  score(point: Float64Array): number | undefined {
    if (!this.#hasReference) return undefined;
    let sum = 0;
    for (let tree = 0; tree < this.cuts.trees; tree++) sum -= this.#descend(tree, point);
    return sum / this.cuts.trees;
  }

  /** For each cut on the way to the point's cell, by how much fewer points than half went the same way, in powers of two. */
  contributions(point: Float64Array): Float64Array {
    const sums = new Float64Array(this.cuts.sensors);
    for (let tree = 0; tree < this.cuts.trees; tree++) {
      this.#descend(tree, point, (dimension, before, after) => {
        sums[dimension] = (sums[dimension] as number) + Math.max(0, Math.log2(before / Math.max(after, 0.5)) - 1);
      });
    }
    return sums;
  }

  /** Binary logarithm of the density of the point's cell. */
  #descend(
    tree: number,
    point: Float64Array,
    visit?: (dimension: number, before: number, after: number) => void,
  ): number {
    const { cuts } = this;
    const limit = SIZE_LIMIT * this.window;
    let node = 0;
    let depth = 0;
    let count = this.#reference[tree * cuts.nodes] as number;
    while (depth < cuts.depth && count > limit) {
      const child = cuts.child(tree, node, point);
      const inside = this.#reference[tree * cuts.nodes + child] as number;
      visit?.(cuts.dimensions[tree * cuts.inner + node] as number, count, inside);
      [node, count] = [child, inside];
      depth += 1;
    }
    // As if half a point were in an empty cell: none is known to be empty for good.
    return depth + Math.log2(Math.max(count, 0.5) / this.window);
  }

  learn(point: Float64Array): void {
    const { cuts } = this;
    for (let tree = 0; tree < cuts.trees; tree++) {
      let node = 0;
      for (let depth = 0; depth <= cuts.depth; depth++) {
        const at = tree * cuts.nodes + node;
        this.#latest[at] = (this.#latest[at] as number) + 1;
        if (depth < cuts.depth) node = cuts.child(tree, node, point);
      }
    }
    this.#learned += 1;
    if (this.#learned < this.window) return;
    this.#learned = 0;
    this.#hasReference = true;
    [this.#reference, this.#latest] = [this.#latest, this.#reference];
    this.#latest.fill(0);
  }

  clear(): void {
    this.#reference.fill(0);
    this.#latest.fill(0);
    this.#learned = 0;
    this.#hasReference = false;
  }

  snapshot(): unknown {
    return {
      learned: this.#learned,
      hasReference: this.#hasReference,
      reference: runLengths(this.#reference),
      latest: runLengths(this.#latest),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const learned = saved.index("learned", this.window - 1);
    const { length } = this.#reference;
    this.#reference = fromRunLengths(saved.numbers("reference", 2 * length), length, this.window);
    this.#latest = fromRunLengths(saved.numbers("latest", 2 * length), length, this.window);
    this.#learned = learned;
    this.#hasReference = saved.any("hasReference") === true;
  }
}

/** Most cells are empty: a zero is followed by how many there are of it. */
function runLengths(counts: Uint16Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    out.push(count);
    if (count > 0) continue;
    const first = i;
    while (i + 1 < counts.length && counts[i + 1] === 0) i += 1;
    out.push(i - first + 1);
  }
  return out;
}

function fromRunLengths(saved: readonly number[], length: number, most: number): Uint16Array<ArrayBuffer> {
  const counts = new Uint16Array(length);
  let at = 0;
  for (let i = 0; i < saved.length; i++) {
    const count = saved[i] as number;
    if (!Number.isInteger(count) || count < 0 || count > most) throw new StateError("counts: expected whole numbers");
    if (count > 0) counts[at++] = count;
    else at += saved[++i] as number;
  }
  if (at !== length) throw new StateError(`counts: expected ${length}, got ${at}`);
  return counts;
}
