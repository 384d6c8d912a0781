import type { BinnedMatrix } from "./bins";

/**
 * Sums of gradients and hessians by feature and bin, in pairs. `offsets[feature]` is the place of the feature's first
 * bin; one more says where the last one ends.
 */
export type Histogram = Float64Array;

export function histogramOffsets(edges: readonly ArrayLike<number>[]): Int32Array {
  const offsets = new Int32Array(edges.length + 1);
  // One bin more than edges, and the one of missing values.
  edges.forEach((own, feature) => {
    offsets[feature + 1] = offsets[feature]! + own.length + 2;
  });
  return offsets;
}

/**
 * Adds up the rows of a leaf for the given features. `gradient` and `hessian` are those of the rows, in their order. This is
 * where training spends its time: features are taken in pairs, so that each row's sums are loaded once for two.
 */
export function fillHistogram(
  histogram: Histogram,
  data: BinnedMatrix,
  offsets: Int32Array,
  features: Int32Array,
  rows: Int32Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const { bins, rows: height } = data;
  const count = rows.length;
  for (const feature of features) histogram.fill(0, 2 * offsets[feature]!, 2 * offsets[feature + 1]!);
  const paired = features.length - (features.length % 2);
  for (let f = 0; f < paired; f += 2) {
    const column = features[f]! * height;
    const other = features[f + 1]! * height;
    const offset = offsets[features[f]!]!;
    const otherOffset = offsets[features[f + 1]!]!;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      const slope = gradient[i]!;
      const curve = hessian[i]!;
      const at = (offset + bins[column + row]!) << 1;
      const otherAt = (otherOffset + bins[other + row]!) << 1;
      histogram[at]! += slope;
      histogram[at + 1]! += curve;
      histogram[otherAt]! += slope;
      histogram[otherAt + 1]! += curve;
    }
  }
  if (paired === features.length) return;
  const column = features[paired]! * height;
  const offset = offsets[features[paired]!]!;
  for (let i = 0; i < count; i++) {
    const at = (offset + bins[column + rows[i]!]!) << 1;
    histogram[at]! += gradient[i]!;
    histogram[at + 1]! += hessian[i]!;
  }
}

/** What remains of the parent when one child is taken away: the other child (Ke et al. 2017, section 2.1), in place. */
export function subtractHistogram(
  parent: Histogram,
  child: Histogram,
  offsets: Int32Array,
  features: Int32Array,
): void {
  for (let f = 0; f < features.length; f++) {
    const feature = features[f]!;
    for (let at = 2 * offsets[feature]!; at < 2 * offsets[feature + 1]!; at++) parent[at]! -= child[at]!;
  }
}
