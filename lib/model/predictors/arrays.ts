import { endianness } from "node:os";

/** Typed arrays that models keep as base64 of their little-endian bytes. */
export type Packed = Float32Array | Float64Array | Int32Array | Int16Array | Uint8Array;

/** Base64 of the little-endian bytes. */
export function encoded(array: Packed): string {
  const bytes = Buffer.from(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return inOwnOrder(bytes, array.BYTES_PER_ELEMENT).toString("base64");
}

/** The bytes of a base64 text in this machine's order; undefined when it is none, or not of whole elements. */
export function decoded(text: string, bytesPerElement: number): ArrayBuffer | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % bytesPerElement !== 0) return undefined;
  // A copy of its own, aligned: small buffers lie somewhere in a pool.
  const own = new Uint8Array(bytes.length);
  own.set(inOwnOrder(bytes, bytesPerElement));
  return own.buffer;
}

function inOwnOrder(bytes: Buffer, bytesPerElement: number): Buffer {
  if (endianness() === "LE" || bytesPerElement === 1) return bytes;
  if (bytesPerElement === 2) return bytes.swap16();
  return bytesPerElement === 4 ? bytes.swap32() : bytes.swap64();
}
