import type { Predictor } from "../contract";
import type { ModelFields } from "./fields";
import { applyLink, LINKS, type Link } from "./link";

/**
 * Boosted trees as they are stored. All nodes of all trees lie one after the other in arrays (base64, little-endian).
 * Tree t begins at roots[t] and adds to output t modulo outputs. A node asks whether the input's `feature` is at most
 * `threshold`: then it goes to node `left`, otherwise to the one after; a missing value goes right where `missingRight`
 * is 1. A leaf has feature -1 and its value in `threshold`.
 */
export interface TreesDocument {
  readonly kind: "trees";
  readonly inputs: number;
  readonly outputs: number;
  readonly link: Link;
  /** What the trees add to, an output. */
  readonly base: readonly number[];
  /** Int32. */
  readonly roots: string;
  /** Int16. */
  readonly feature: string;
  /** Float64. */
  readonly threshold: string;
  /** Int32. */
  readonly left: string;
  /** Uint8. */
  readonly missingRight: string;
}

const MAX_INPUTS = 32_767;
const MAX_OUTPUTS = 1000;
const MAX_TREES = 200_000;
const MAX_NODES = 20_000_000;
const MAX_DEPTH = 128;

interface FlatTrees {
  readonly roots: Int32Array;
  readonly feature: Int16Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly missingRight: Uint8Array;
}

/** @throws ModelError when a tree could be followed out of its nodes, in a circle or too deep, or asks for an input that is not there */
export function loadTrees(fields: ModelFields, sum = sumOf(fields)): Predictor {
  const inputs = fields.integer("inputs", 1, MAX_INPUTS);
  const { outputs, link, base } = sum;
  const roots = fields.int32("roots", 0, MAX_TREES);
  const feature = fields.int16("feature", 0, MAX_NODES);
  const nodes = feature.length;
  const threshold = fields.doubles("threshold", nodes);
  const left = fields.int32("left", nodes);
  const missingRight = fields.bytes("missingRight", nodes);
  const trees: FlatTrees = { roots, feature, threshold, left, missingRight };
  checkTrees(fields, trees, inputs, outputs);
  return {
    inputs,
    outputs,
    predict(batch, count) {
      const answers = new Float64Array(count * outputs);
      for (let i = 0; i < answers.length; i++) answers[i] = base[i % outputs]!;
      for (let tree = 0; tree < roots.length; tree++) {
        addTree(trees, roots[tree]!, batch, count, inputs, answers, tree % outputs, outputs);
      }
      applyLink(link, answers, count, outputs);
      return answers;
    },
  };
}

/** How the trees' values are put together. */
function sumOf(fields: ModelFields): Pick<TreesDocument, "outputs" | "link" | "base"> {
  const outputs = fields.integer("outputs", 1, MAX_OUTPUTS);
  return { outputs, link: fields.oneOf("link", LINKS), base: fields.numbers("base", outputs) };
}

function addTree(
  { feature, threshold, left, missingRight }: FlatTrees,
  root: number,
  batch: Float64Array,
  count: number,
  inputs: number,
  answers: Float64Array,
  output: number,
  outputs: number,
): void {
  for (let row = 0, start = 0; row < count; row++, start += inputs) {
    let node = root;
    let asked = feature[node]!;
    while (asked >= 0) {
      const value = batch[start + asked]!;
      const limit = threshold[node]!;
      if (value <= limit) node = left[node]!;
      else if (value > limit) node = left[node]! + 1;
      else node = left[node]! + missingRight[node]!;
      asked = feature[node]!;
    }
    answers[row * outputs + output]! += threshold[node]!;
  }
}

function checkTrees(fields: ModelFields, trees: FlatTrees, inputs: number, outputs: number): void {
  const { roots, feature } = trees;
  if (roots.length % outputs !== 0) fields.fail("roots", `a multiple of ${outputs} trees`);
  if (roots.length === 0 ? feature.length > 0 : roots[0] !== 0) fields.fail("roots", "0 as the first");
  // Children come after their parent, so one pass from the front sees every depth before it is needed.
  const depth = new Uint8Array(feature.length);
  for (let tree = 0; tree < roots.length; tree++) {
    const end = roots[tree + 1] ?? feature.length;
    if (end <= roots[tree]! || end > feature.length)
      fields.fail("roots", "rising places of trees of at least one node");
    checkTree(fields, trees, roots[tree]!, end, inputs, depth);
  }
}

function checkTree(
  fields: ModelFields,
  { feature, left, missingRight }: FlatTrees,
  begin: number,
  end: number,
  inputs: number,
  depth: Uint8Array,
): void {
  for (let node = begin; node < end; node++) {
    const asked = feature[node]!;
    if (asked < -1 || asked >= inputs) fields.fail("feature", `-1 or an input below ${inputs} at node ${node}`);
    if (missingRight[node]! > 1) fields.fail("missingRight", `0 or 1 at node ${node}`);
    if (asked < 0) continue;
    const child = left[node]!;
    if (child <= node || child + 1 >= end) fields.fail("left", `a later node of the same tree at node ${node}`);
    const below = depth[node]! + 1;
    if (below > MAX_DEPTH) fields.fail("left", `trees of a depth of at most ${MAX_DEPTH}`);
    depth[child] = Math.max(depth[child]!, below);
    depth[child + 1] = Math.max(depth[child + 1]!, below);
  }
}
