import { FrameError } from "./frame-error";

/**
 * The float32 numbers of little-endian bytes, copied.
 * @throws FrameError when their number is no multiple of four, or one is not finite
 */
export function vectorOf(bytes: Buffer): Float32Array {
  if (bytes.length % 4 !== 0) throw new FrameError(`vector: ${bytes.length} bytes are no float32 numbers`);
  const vector = new Float32Array(bytes.length / 4);
  for (let i = 0; i < vector.length; i++) {
    const value = bytes.readFloatLE(4 * i);
    if (!Number.isFinite(value)) throw new FrameError(`vector: number ${i} is ${value}, expected finite numbers`);
    vector[i] = value;
  }
  return vector;
}

/** A vector as little-endian float32 bytes. */
export function vectorBytes(vector: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * vector.length);
  for (let i = 0; i < vector.length; i++) bytes.writeFloatLE(vector[i] as number, 4 * i);
  return bytes;
}

/** @throws FrameError when the vector is of another length */
export function vectorFor(vector: Float32Array, length: number): Float32Array {
  if (vector.length === length) return vector;
  throw new FrameError(`${vector.length} parameters, expected ${length}`);
}
