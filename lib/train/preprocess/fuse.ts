import type { Matrix } from "../data";

/**
 * Weights of the first principal components, found by the cyclic Jacobi method (Golub and Van Loan 2013, section 8.5) on the
 * second moments; a missing value counts as 0, which is normal.
 * @param rows normalised values
 */
export function principalComponents(rows: Matrix, count: number): number[][] {
  return spectrum(rows)
    .slice(0, count)
    .map(({ direction }) => direction);
}

/** All principal components, the one of the largest variance first. */
export function spectrum(rows: Matrix): { readonly direction: number[]; readonly variance: number }[] {
  const { vectors, values } = symmetricEigen(secondMoments(rows));
  return values
    .map((variance, at) => ({ variance, direction: vectors.map((row) => row[at]!) }))
    .sort((a, b) => b.variance - a.variance);
}

/** Weights of the ridge regression of a target, less its mean, on normalised values, in the target's standard deviations. */
export function ridgeWeights(rows: Matrix, target: Float64Array, penalty: number): number[] {
  const n = rows.columns;
  const mean = target.reduce((sum, value) => sum + value, 0) / target.length;
  const std = Math.sqrt(target.reduce((sum, value) => sum + (value - mean) ** 2, 0) / target.length) || 1;
  const moments = secondMoments(rows);
  const products = new Array<number>(n).fill(0);
  for (let row = 0; row < rows.rows; row++) {
    const distance = (target[row]! - mean) / std / rows.rows;
    for (let i = 0; i < n; i++) products[i]! += distance * (rows.values[row * n + i]! || 0);
  }
  for (let i = 0; i < n; i++) moments[i]![i]! += penalty;
  return solve(moments, products);
}

function secondMoments(rows: Matrix): number[][] {
  const n = rows.columns;
  const sums = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  for (let row = 0; row < rows.rows; row++) {
    for (let i = 0; i < n; i++) {
      const own = rows.values[row * n + i]! || 0;
      for (let j = 0; j <= i; j++) sums[i]![j]! += own * (rows.values[row * n + j]! || 0);
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      sums[i]![j]! /= rows.rows;
      sums[j]![i] = sums[i]![j]!;
    }
  }
  return sums;
}

/** Cholesky's method, for a symmetric positive definite matrix. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const factor = matrix.map((row) => [...row]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = factor[i]![j]!;
      for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!;
      factor[i]![j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / factor[j]![j]!;
    }
  }
  const half: number[] = [];
  for (let i = 0; i < n; i++) {
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= factor[i]![k]! * half[k]!;
    half.push(sum / factor[i]![i]!);
  }
  const out = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = half[i]!;
    for (let k = i + 1; k < n; k++) sum -= factor[k]![i]! * out[k]!;
    out[i] = sum / factor[i]![i]!;
  }
  return out;
}

const SWEEPS = 60;

function symmetricEigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const vectors = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += a[i]![j]! ** 2;
    if (off < 1e-24) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, p, q);
  }
  return { values: a.map((row, i) => row[i]!), vectors };
}

function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  if (Math.abs(a[p]![q]!) < 1e-300) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * a[p]![q]!);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (row: number[], i: number, j: number): void => {
    const [x, y] = [row[i]!, row[j]!];
    row[i] = c * x - s * y;
    row[j] = s * x + c * y;
  };
  for (const row of a) turn(row, p, q);
  const [rowP, rowQ] = [[...a[p]!], [...a[q]!]];
  a[p] = rowP.map((x, i) => c * x - s * rowQ[i]!);
  a[q] = rowQ.map((y, i) => s * rowP[i]! + c * y);
  for (const row of vectors) turn(row, p, q);
}
