import { type SavedState, StateError } from "../numeric";

/** Doubles as base64 of their little-endian bytes: a third of what decimal digits take, and exact. */
export function textOf(samples: Float64Array): string {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString("base64");
}

/** @throws StateError when the field does not hold `count` doubles */
export function samplesIn(saved: SavedState, field: string, count: number): Float64Array {
  const text = saved.any(field);
  const bytes = typeof text === "string" ? Buffer.from(text, "base64") : Buffer.alloc(0);
  if (bytes.length !== 8 * count) throw new StateError(`${field}: expected ${count} samples`);
  // Copied, because what Buffer gives need not begin at a multiple of eight.
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
