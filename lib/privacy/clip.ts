import { positiveNumber } from "../numeric";

/**
 * Shortens a vector to a Euclidean norm where it is longer, in place; what one participant can add to a sum is then at
 * most `norm`. A vector with a number that is not finite becomes all zeros: it must not escape the bound.
 * @returns the vector's norm before
 * @throws RangeError when the norm is not above 0
 */
export function clipL2(vector: Float64Array | Float32Array, norm: number): number {
  positiveNumber("norm", norm);
  const before = l2Norm(vector);
  if (!Number.isFinite(before)) vector.fill(0);
  else if (before > norm) scaleTo(vector, norm, before);
  return before;
}

function scaleTo(vector: Float64Array | Float32Array, norm: number, before: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * (norm / before);
  // Rounding may leave it longer by the last digits, and the bound is what the privacy rests on.
  for (let shrink = 1 - 2 ** -24; l2Norm(vector) > norm; shrink *= shrink) {
    for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * shrink;
  }
}

/** Euclidean norm, without overflow on the way. */
function l2Norm(vector: Float64Array | Float32Array): number {
  let largest = 0;
  for (const value of vector) {
    if (!Number.isFinite(value)) return Number.NaN;
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest === 0) return 0;
  let sum = 0;
  for (const value of vector) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum);
}
