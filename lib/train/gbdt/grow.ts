import type { BinEdges, BinnedMatrix } from "./bins";
import { MISSING_BIN } from "./bins";
import { fillHistogram, type Histogram, subtractHistogram } from "./histogram";
import { bestSplit, type LeafSums, leafValue, type Split, type SplitRules } from "./split";

export interface GrowRules extends SplitRules {
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Leaf-wise: the most profitable leaf first (Ke et al. 2017); depth-wise: level after level. */
  readonly growth: "leaf" | "depth";
}

/** A node of a grown tree; children have the places `left` and `left + 1` in the tree's list. */
export interface GrownNode {
  /** -1 for a leaf. */
  feature: number;
  bin: number;
  missingRight: boolean;
  left: number;
  /** Of a leaf. */
  value: number;
  gain: number;
}

export interface GrownTree {
  readonly nodes: readonly GrownNode[];
  /** The rows that it was grown on, ordered by leaf. */
  readonly leaves: readonly { readonly node: number; readonly rows: Int32Array }[];
}

/** A leaf that may yet be split. */
interface Open extends LeafSums {
  readonly node: number;
  readonly depth: number;
  readonly begin: number;
  readonly end: number;
  readonly histogram: Histogram | undefined;
  readonly split: Split | undefined;
}

/** Grows one tree after the other on the same binned data, in buffers that it keeps. */
export class TreeGrower {
  readonly #spare: Histogram[] = [];
  readonly #moved: Int32Array;
  readonly #gradient: Float64Array;
  readonly #hessian: Float64Array;
  #features: Int32Array = new Int32Array(0);

  constructor(
    private readonly data: BinnedMatrix,
    private readonly offsets: Int32Array,
    private readonly rules: GrowRules,
  ) {
    this.#moved = new Int32Array(data.rows);
    this.#gradient = new Float64Array(data.rows);
    this.#hessian = new Float64Array(data.rows);
  }

  /** @param rows that it is grown on; they are reordered */
  grow(rows: Int32Array, features: Int32Array, gradient: Float64Array, hessian: Float64Array): GrownTree {
    this.#features = features;
    const nodes: GrownNode[] = [emptyNode()];
    const leaves: Open[] = [this.#root(rows, gradient, hessian)];
    while (leaves.length < this.rules.maxLeaves) {
      const at = this.#next(leaves);
      if (at < 0) break;
      const leaf = leaves[at]!;
      const [left, right] = this.#divide(leaf, nodes, rows, gradient, hessian, leaves.length + 1);
      leaves[at] = left;
      leaves.push(right);
    }
    for (const { histogram } of leaves) if (histogram) this.#spare.push(histogram);
    for (const leaf of leaves) {
      nodes[leaf.node]!.value = leafValue(leaf.gradient, leaf.hessian, this.rules.l2, leaf.low, leaf.high);
    }
    return { nodes, leaves: leaves.map(({ node, begin, end }) => ({ node, rows: rows.subarray(begin, end) })) };
  }

  /** Place of the leaf to split next, -1 when none is worth it. */
  #next(leaves: readonly Open[]): number {
    let best = -1;
    let bestRank = 0;
    leaves.forEach((leaf, at) => {
      if (leaf.split === undefined) return;
      const rank = this.rules.growth === "leaf" ? leaf.split.gain : 1 / (1 + leaf.depth);
      if (rank > bestRank) {
        best = at;
        bestRank = rank;
      }
    });
    return best;
  }

  #root(rows: Int32Array, gradient: Float64Array, hessian: Float64Array): Open {
    let gradients = 0;
    let hessians = 0;
    for (let i = 0; i < rows.length; i++) {
      gradients += gradient[rows[i]!]!;
      hessians += hessian[rows[i]!]!;
    }
    const sums = {
      gradient: gradients,
      hessian: hessians,
      low: Number.NEGATIVE_INFINITY,
      high: Number.POSITIVE_INFINITY,
    };
    const histogram = this.#histogramOf(rows, gradient, hessian);
    return this.#open(sums, { node: 0, depth: 0, begin: 0, end: rows.length }, histogram);
  }

  #histogramOf(rows: Int32Array, gradient: Float64Array, hessian: Float64Array): Histogram {
    const histogram = this.#spare.pop() ?? new Float64Array(2 * this.offsets[this.data.columns]!);
    for (let i = 0; i < rows.length; i++) {
      this.#gradient[i] = gradient[rows[i]!]!;
      this.#hessian[i] = hessian[rows[i]!]!;
    }
    fillHistogram(histogram, this.data, this.offsets, this.#features, rows, this.#gradient, this.#hessian);
    return histogram;
  }

  #open(
    sums: LeafSums,
    place: { node: number; depth: number; begin: number; end: number },
    histogram: Histogram | undefined,
  ): Open {
    const split =
      histogram === undefined || place.depth >= this.rules.maxDepth
        ? undefined
        : bestSplit(histogram, this.offsets, this.#features, sums, this.rules);
    return { ...sums, ...place, histogram, split };
  }

  #divide(
    leaf: Open,
    nodes: GrownNode[],
    rows: Int32Array,
    gradient: Float64Array,
    hessian: Float64Array,
    leavesAfter: number,
  ): [Open, Open] {
    const split = leaf.split!;
    const node = nodes[leaf.node]!;
    Object.assign(node, { feature: split.feature, bin: split.bin, missingRight: split.missingRight, gain: split.gain });
    node.left = nodes.length;
    nodes.push(emptyNode(), emptyNode());
    const middle = this.#partition(rows, leaf, split);
    const [leftSums, rightSums] = this.#sums(leaf, split, rows, middle, gradient, hessian);
    const depth = leaf.depth + 1;
    const leftPlace = { node: node.left, depth, begin: leaf.begin, end: middle };
    const rightPlace = { node: node.left + 1, depth, begin: middle, end: leaf.end };
    const parent = leaf.histogram!;
    if (leavesAfter >= this.rules.maxLeaves || depth >= this.rules.maxDepth) {
      // Neither child will be split again: their histograms are not needed.
      this.#spare.push(parent);
      return [this.#open(leftSums, leftPlace, undefined), this.#open(rightSums, rightPlace, undefined)];
    }
    const leftIsSmaller = middle - leaf.begin <= leaf.end - middle;
    const smaller = leftIsSmaller ? rows.subarray(leaf.begin, middle) : rows.subarray(middle, leaf.end);
    const own = this.#histogramOf(smaller, gradient, hessian);
    subtractHistogram(parent, own, this.offsets, this.#features);
    const [left, right] = leftIsSmaller ? [own, parent] : [parent, own];
    return [this.#open(leftSums, leftPlace, left), this.#open(rightSums, rightPlace, right)];
  }

  /** Brings the rows that go left before the others, both in their order; returns where the others begin. */
  #partition(rows: Int32Array, { begin, end }: Open, { feature, bin, missingRight }: Split): number {
    const { bins, rows: height } = this.data;
    const column = feature * height;
    let left = begin;
    let right = 0;
    for (let i = begin; i < end; i++) {
      const row = rows[i]!;
      const own = bins[column + row]!;
      if (own === MISSING_BIN ? missingRight : own > bin) this.#moved[right++] = row;
      else rows[left++] = row;
    }
    rows.set(this.#moved.subarray(0, right), left);
    return left;
  }

  /** Summed afresh over the rows: differences of the histograms' sums would gather rounding down the tree. */
  #sums(
    leaf: Open,
    split: Split,
    rows: Int32Array,
    middle: number,
    gradient: Float64Array,
    hessian: Float64Array,
  ): [LeafSums, LeafSums] {
    const over = (begin: number, end: number): { gradient: number; hessian: number } => {
      let gradients = 0;
      let hessians = 0;
      for (let i = begin; i < end; i++) {
        gradients += gradient[rows[i]!]!;
        hessians += hessian[rows[i]!]!;
      }
      return { gradient: gradients, hessian: hessians };
    };
    // Children of a monotone split keep to their own side of the middle of the two values.
    const direction = this.rules.monotone?.[split.feature] ?? 0;
    const middleValue = (split.leftValue + split.rightValue) / 2;
    const bounds = ({ low, high }: LeafSums, side: number): { low: number; high: number } => {
      if (direction * side === 0) return { low, high };
      return direction * side > 0
        ? { low: Math.max(low, middleValue), high }
        : { low, high: Math.min(high, middleValue) };
    };
    return [
      { ...over(leaf.begin, middle), ...bounds(leaf, -1) },
      { ...over(middle, leaf.end), ...bounds(leaf, 1) },
    ];
  }
}

function emptyNode(): GrownNode {
  return { feature: -1, bin: 0, missingRight: false, left: 0, value: 0, gain: 0 };
}

/** Adds to each row's score, from `start` on, the value of the leaf that it falls into. */
export function addLeafValues(
  nodes: readonly GrownNode[],
  data: BinnedMatrix,
  scores: Float64Array,
  start: number,
): void {
  // Flat, because this is done for every row and tree: -1 for a leaf, else where the feature's column begins.
  const column = Int32Array.from(nodes, ({ feature }) => (feature < 0 ? -1 : feature * data.rows));
  const left = Int32Array.from(nodes, (node) => node.left);
  const lastLeft = Uint8Array.from(nodes, ({ bin }) => bin);
  const missingRight = Uint8Array.from(nodes, (node) => (node.missingRight ? 1 : 0));
  const values = Float64Array.from(nodes, ({ value }) => value);
  const { bins, rows } = data;
  for (let row = 0; row < rows; row++) {
    let node = 0;
    for (let from = column[0]!; from >= 0; from = column[node]!) {
      const bin = bins[from + row]!;
      const right = bin === MISSING_BIN ? missingRight[node]! : bin > lastLeft[node]! ? 1 : 0;
      node = left[node]! + right;
    }
    scores[start + row]! += values[node]!;
  }
}

/** The value that separates the sides of a split. */
export function thresholdOf(node: GrownNode, edges: readonly BinEdges[]): number {
  return edges[node.feature]![node.bin - 1]!;
}
