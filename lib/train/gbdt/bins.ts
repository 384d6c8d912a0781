import type { Matrix } from "../data";
import type { Random } from "../random";
import { drawn } from "../random";

/** Bin of missing values; a value's bin is from 1 up. */
export const MISSING_BIN = 0;

/**
 * Upper edges of one feature's bins: value v is in bin k when edge[k-2] < v <= edge[k-1], and in the last one beyond all
 * edges. Edges lie halfway between neighbouring values, so that a split generalises evenly to both sides.
 */
export type BinEdges = Float64Array;

/** A matrix whose values are replaced by their bins, column after column. */
export interface BinnedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly bins: Uint8Array;
}

/** Values that the quantiles of a feature are taken from, at most. */
const QUANTILE_SAMPLE = 50_000;

/** Bins of about equal count for every feature (Ke et al. 2017, section 2.1; Chen and Guestrin 2016, section 3.2). */
export function binEdges(matrix: Matrix, maxBins: number, random: Random): BinEdges[] {
  const { rows, columns, values } = matrix;
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  const places = rows > QUANTILE_SAMPLE ? drawn(all, QUANTILE_SAMPLE, random) : all;
  const column = new Float64Array(places.length);
  return Array.from({ length: columns }, (_, feature) => {
    let count = 0;
    for (const place of places) {
      const value = values[place * columns + feature]!;
      if (!Number.isNaN(value)) column[count++] = value;
    }
    return edgesOf(column.slice(0, count).sort(), maxBins);
  });
}

function edgesOf(sorted: Float64Array, maxBins: number): BinEdges {
  const edges: number[] = [];
  let last = 0;
  let distinct = 1;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] !== sorted[i - 1]) distinct += 1;
  const perBin = distinct <= maxBins ? 0 : sorted.length / maxBins;
  for (let i = 1; i < sorted.length && edges.length < maxBins - 1; i++) {
    if (sorted[i] === sorted[i - 1] || i - last < perBin) continue;
    edges.push(between(sorted[i - 1]!, sorted[i]!));
    last = i;
  }
  return Float64Array.from(edges);
}

/** Halfway, without overflow; the lower one where no number lies between. */
function between(low: number, high: number): number {
  const middle = low + (high - low) / 2;
  const finite = Number.isFinite(middle) ? middle : low / 2 + high / 2;
  return finite < high ? finite : low;
}

export function binOf(value: number, edges: BinEdges): number {
  if (Number.isNaN(value)) return MISSING_BIN;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low + 1;
}

export function binned(matrix: Matrix, edges: readonly BinEdges[]): BinnedMatrix {
  const { rows, columns, values } = matrix;
  const bins = new Uint8Array(rows * columns);
  for (let feature = 0; feature < columns; feature++) {
    const own = edges[feature]!;
    const start = feature * rows;
    for (let row = 0, at = feature; row < rows; row++, at += columns) bins[start + row] = binOf(values[at]!, own);
  }
  return { rows, columns, bins };
}
