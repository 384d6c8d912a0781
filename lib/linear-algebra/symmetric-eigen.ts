/** Rotations smaller than this part of the diagonal change nothing that a double can show. */
const NEGLIGIBLE = 1e-15;
const MAX_SWEEPS = 60;

export interface EigenDecomposition {
  /** Largest first. */
  readonly values: Float64Array;
  /** vectors[k] belongs to values[k] and has length 1. */
  readonly vectors: readonly Float64Array[];
}

/**
 * Eigenvalues and eigenvectors of a real symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations,
 * 4th ed., algorithm 8.5.3). O(n^3) a sweep and a handful of sweeps; right to the last digits also for singular matrices,
 * which is why it is used here for matrices up to some tens of rows.
 * @param matrix n x n, row by row; not changed, its upper half is not read
 * @throws RangeError when the length is not n * n, or an entry is not finite
 */
export function symmetricEigen(matrix: Float64Array, n: number): EigenDecomposition {
  if (matrix.length !== n * n) throw new RangeError(`expected ${n} x ${n} numbers, got ${matrix.length}`);
  const a = symmetricCopy(matrix, n);
  const vectors = identity(n);
  for (let sweep = 0; sweep < MAX_SWEEPS && rotateAll(a, vectors, n); sweep++);
  const order = Array.from({ length: n }, (_, k) => k).sort((i, j) => at(a, n, j, j) - at(a, n, i, i));
  return {
    values: Float64Array.from(order, (k) => at(a, n, k, k)),
    vectors: order.map((k) => Float64Array.from({ length: n }, (_, row) => at(vectors, n, row, k))),
  };
}

function at(matrix: Float64Array, n: number, row: number, column: number): number {
  return matrix[row * n + column] as number;
}

function symmetricCopy(matrix: Float64Array, n: number): Float64Array {
  const copy = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = at(matrix, n, i, j);
      if (!Number.isFinite(value)) throw new RangeError(`expected finite numbers, got ${value} at ${i}, ${j}`);
      copy[i * n + j] = copy[j * n + i] = value;
    }
  }
  return copy;
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) matrix[i * n + i] = 1;
  return matrix;
}

/** One sweep over all pairs; false when there was nothing left to rotate. */
function rotateAll(a: Float64Array, vectors: Float64Array, n: number): boolean {
  let rotated = false;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const off = Math.abs(at(a, n, p, q));
      const size = Math.sqrt(Math.abs(at(a, n, p, p) * at(a, n, q, q)));
      if (off <= NEGLIGIBLE * size || off < 1e-300) continue;
      rotate(a, vectors, n, p, q);
      rotated = true;
    }
  }
  return rotated;
}

/** Makes the entry p, q zero by a rotation, the smaller of the two angles (8.5.2). */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const tau = (at(a, n, q, q) - at(a, n, p, p)) / (2 * at(a, n, p, q));
  const t = Math.sign(tau || 1) / (Math.abs(tau) + Math.hypot(1, tau));
  const c = 1 / Math.hypot(1, t);
  const s = t * c;
  for (let k = 0; k < n; k++) mix(a, k * n + p, k * n + q, c, s);
  for (let k = 0; k < n; k++) mix(a, p * n + k, q * n + k, c, s);
  for (let k = 0; k < n; k++) mix(vectors, k * n + p, k * n + q, c, s);
  a[p * n + q] = a[q * n + p] = 0;
}

function mix(matrix: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = matrix[i] as number;
  const y = matrix[j] as number;
  matrix[i] = c * x - s * y;
  matrix[j] = s * x + c * y;
}
