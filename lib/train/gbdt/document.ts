import { encoded } from "../../model/predictors/arrays";
import type { TreesDocument } from "../../model/predictors/trees";
import type { BinEdges } from "./bins";
import { type GrownNode, thresholdOf } from "./grow";

/** The grown trees in the form that models are stored and evaluated in. */
export function treesDocument(
  trees: readonly (readonly GrownNode[])[],
  about: {
    readonly inputs: number;
    readonly base: readonly number[];
    readonly link: TreesDocument["link"];
    readonly edges: readonly BinEdges[];
  },
): TreesDocument {
  const count = trees.reduce((sum, nodes) => sum + nodes.length, 0);
  const roots = new Int32Array(trees.length);
  const feature = new Int16Array(count);
  const threshold = new Float64Array(count);
  const left = new Int32Array(count);
  const missingRight = new Uint8Array(count);
  let at = 0;
  trees.forEach((nodes, tree) => {
    const root = at;
    roots[tree] = root;
    for (const node of nodes) {
      feature[at] = node.feature;
      threshold[at] = node.feature < 0 ? node.value : thresholdOf(node, about.edges);
      left[at] = node.feature < 0 ? 0 : root + node.left;
      missingRight[at] = node.missingRight ? 1 : 0;
      at += 1;
    }
  });
  return {
    kind: "trees",
    inputs: about.inputs,
    outputs: about.base.length,
    link: about.link,
    base: about.base,
    roots: encoded(roots),
    feature: encoded(feature),
    threshold: encoded(threshold),
    left: encoded(left),
    missingRight: encoded(missingRight),
  };
}
