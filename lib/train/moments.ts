import type { Matrix } from "./data";

export interface Moments {
  /** Values that were there. */
  readonly count: number;
  /** 0 where there was none. */
  readonly mean: number;
  /** Sample standard deviation; 0 for fewer than two values. */
  readonly std: number;
}

/**
 * Mean and standard deviation of a column's values, missing ones left out: in two passes, and relative to the first value, so
 * that large values of a small spread lose nothing.
 */
export function columnMoments(matrix: Matrix, column: number, among?: (row: number) => boolean): Moments {
  const { rows, columns, values } = matrix;
  const sumOf = (term: (value: number) => number): { sum: number; count: number } => {
    let sum = 0;
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[row * columns + column]!;
      if (Number.isNaN(value) || (among !== undefined && !among(row))) continue;
      sum += term(value);
      count += 1;
    }
    return { sum, count };
  };
  let origin = Number.NaN;
  const { sum, count } = sumOf((value) => {
    if (Number.isNaN(origin)) origin = value;
    return value - origin;
  });
  const mean = count > 0 ? origin + sum / count : 0;
  const squares = sumOf((value) => (value - mean) ** 2).sum;
  return { count, mean, std: count > 1 ? Math.sqrt(squares / (count - 1)) : 0 };
}

/** Weighted mean and standard deviation. */
export function weightedMoments(values: Float64Array, weights?: Float64Array): { mean: number; std: number } {
  const weight = (i: number): number => weights?.[i] ?? 1;
  const total = values.reduce((sum, _, i) => sum + weight(i), 0);
  const origin = values[0] ?? 0;
  const mean = origin + values.reduce((sum, value, i) => sum + weight(i) * (value - origin), 0) / total;
  const variance = values.reduce((sum, value, i) => sum + weight(i) * (value - mean) ** 2, 0) / total;
  return { mean, std: Math.sqrt(variance) };
}

/** The standard deviation where it is more than rounding, 1 otherwise, so that what is constant becomes 0. */
export function usableStd({ mean, std }: { readonly mean: number; readonly std: number }): number {
  return std > 1e-12 * Math.max(1, Math.abs(mean)) ? std : 1;
}
