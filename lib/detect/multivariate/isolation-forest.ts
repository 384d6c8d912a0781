import { quantile } from "../../numeric/sorted-window";
import { drawn, seededRandom } from "../../train/random";

export interface IsolationForestOptions {
  readonly trees: number;
  /** Points that each tree is grown from; all where there are fewer. */
  readonly sample: number;
  /** Share of the points that are called anomalies. */
  readonly contamination: number;
  readonly seed: number;
}

/** A forest as plain arrays, which go to and from worker threads as they are. Node 0 of a tree is at its start. */
export interface IsolationModel {
  readonly sensors: number;
  readonly sample: number;
  readonly starts: Int32Array;
  /** Coordinate that is cut; -1 for a leaf. */
  readonly dimensions: Int16Array;
  readonly values: Float64Array;
  /** Index of the left child, counted from the tree's start; the right one is next to it. */
  readonly children: Int32Array;
  /** Points of the sample in the node. */
  readonly sizes: Int32Array;
  /** What each coordinate was in all points, NaN where they differed: no cut can be made there. */
  readonly still: Float64Array;
  /** Score beyond which a point is an anomaly. */
  readonly limit: number;
}

const EULER = 0.5772156649015329;

/** Mean path length of an unsuccessful search in a binary tree of n points (Liu, Ting and Zhou 2008, equation 1). */
export function averagePath(n: number): number {
  if (n <= 1) return 0;
  return n === 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

/**
 * Isolation forest (Liu, Ting and Zhou 2008, ICDM, p. 413): trees of random cuts, in which points that are few and different
 * are alone after few cuts. The same points, options and seed give the same forest.
 * @param points at least 2, all of the same length
 */
export function fitIsolationForest(points: readonly Float64Array[], options: IsolationForestOptions): IsolationModel {
  const random = seededRandom(options.seed);
  const sensors = points[0]?.length ?? 0;
  const sample = Math.min(options.sample, points.length);
  const depth = Math.ceil(Math.log2(Math.max(sample, 2)));
  const nodes: GrownNode[] = [];
  const starts = new Int32Array(options.trees);
  const order = Int32Array.from(points, (_, i) => i);
  for (let tree = 0; tree < options.trees; tree++) {
    starts[tree] = nodes.length;
    grow(nodes, points, [...drawn(order, sample, random)], depth, random.uniform);
  }
  const model = {
    sensors,
    sample,
    starts,
    dimensions: Int16Array.from(nodes, (node) => node.dimension),
    values: Float64Array.from(nodes, (node) => node.value),
    children: Int32Array.from(nodes, (node) => node.child),
    sizes: Int32Array.from(nodes, (node) => node.size),
    still: Float64Array.from({ length: sensors }, (_, j) => commonValue(points, j)),
    limit: Number.POSITIVE_INFINITY,
  };
  const scores = Float64Array.from(points, (point) => isolationScore(model, point)).sort();
  return { ...model, limit: quantile(scores, 1 - options.contamination) };
}

function commonValue(points: readonly Float64Array[], j: number): number {
  const first = points[0]?.[j] ?? Number.NaN;
  return points.every((point) => point[j] === first) ? first : Number.NaN;
}

interface GrownNode {
  dimension: number;
  value: number;
  child: number;
  readonly size: number;
}

/** Appends one tree, breadth first, so that two children lie next to each other. */
function grow(
  nodes: GrownNode[],
  points: readonly Float64Array[],
  sample: readonly number[],
  depth: number,
  uniform: () => number,
): void {
  const start = nodes.length;
  const open: { node: GrownNode; members: readonly number[]; depth: number }[] = [];
  const add = (members: readonly number[], at: number): void => {
    const node = { dimension: -1, value: 0, child: 0, size: members.length };
    nodes.push(node);
    open.push({ node, members, depth: at });
  };
  add(sample, 0);
  for (let next = open.shift(); next; next = open.shift()) {
    const { node, members } = next;
    if (next.depth >= depth || members.length < 2) continue;
    const cut = randomCut(points, members, uniform);
    if (!cut) continue;
    const isLeft = (i: number): boolean => ((points[i] as Float64Array)[cut.dimension] as number) < cut.value;
    node.dimension = cut.dimension;
    node.value = cut.value;
    node.child = nodes.length - start;
    add(members.filter(isLeft), next.depth + 1);
    add(
      members.filter((i) => !isLeft(i)),
      next.depth + 1,
    );
  }
}

/** Coordinate and place at random among the coordinates in which the members differ; undefined when they are all equal. */
function randomCut(
  points: readonly Float64Array[],
  members: readonly number[],
  uniform: () => number,
): { dimension: number; value: number } | undefined {
  const sensors = (points[0] as Float64Array).length;
  const ranges: { dimension: number; low: number; high: number }[] = [];
  for (let dimension = 0; dimension < sensors; dimension++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (const i of members) {
      const value = (points[i] as Float64Array)[dimension] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low < high) ranges.push({ dimension, low, high });
  }
  const range = ranges[Math.floor(uniform() * ranges.length)];
  if (!range) return undefined;
  const value = range.low + uniform() * (range.high - range.low);
  // A cut at the low end itself would leave nothing on the left.
  return { dimension: range.dimension, value: value > range.low ? value : range.high };
}

/**
 * 2^(-E(path) / c(sample)), from 0 to 1: about 0.5 for usual points, near 1 for isolated ones (equation 2). A point that differs in
 * a coordinate in which all the others agreed would be alone after one cut there.
 */
export function isolationScore(model: IsolationModel, point: Float64Array): number {
  const usual = averagePath(model.sample);
  if (usual === 0) return 0.5;
  if (point.some((_, j) => hasMoved(model, point, j))) return 2 ** (-1 / usual);
  let total = 0;
  for (let tree = 0; tree < model.starts.length; tree++) total += pathLength(model, tree, point);
  return 2 ** (-total / model.starts.length / usual);
}

function hasMoved({ still }: IsolationModel, point: Float64Array, j: number): boolean {
  const value = still[j] as number;
  return !Number.isNaN(value) && point[j] !== value;
}

/** For each cut on the way to the point's leaf, by how much fewer points than half went the same way, in powers of two. */
export function isolationContributions(model: IsolationModel, point: Float64Array): Float64Array {
  const sums = new Float64Array(model.sensors);
  for (let tree = 0; tree < model.starts.length; tree++) {
    pathLength(model, tree, point, (dimension, before, after) => {
      sums[dimension] = (sums[dimension] as number) + Math.max(0, Math.log2(before / Math.max(after, 1)) - 1);
    });
  }
  for (let j = 0; j < model.sensors; j++) {
    if (hasMoved(model, point, j)) sums[j] = model.starts.length * Math.log2(model.sample);
  }
  return sums;
}

function pathLength(
  { starts, dimensions, values, children, sizes }: IsolationModel,
  tree: number,
  point: Float64Array,
  visit?: (dimension: number, before: number, after: number) => void,
): number {
  const start = starts[tree] as number;
  let node = start;
  let length = 0;
  for (let dimension = dimensions[node] as number; dimension >= 0; dimension = dimensions[node] as number) {
    const right = (point[dimension] as number) < (values[node] as number) ? 0 : 1;
    const child = start + (children[node] as number) + right;
    visit?.(dimension, sizes[node] as number, sizes[child] as number);
    node = child;
    length += 1;
  }
  return length + averagePath(sizes[node] as number);
}
