import type { Framer } from "../../lib/drivers/core";

/** Every way to cut bytes once, each byte alone, and all in one piece. */
export function cuts(bytes: Uint8Array): Uint8Array[][] {
  const once = Array.from(bytes.keys()).map((at) => [bytes.subarray(0, at), bytes.subarray(at)]);
  return [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte)), ...once];
}

/** The messages that a new framer finds in bytes that arrive in these pieces. */
export function framed(framer: () => Framer, pieces: readonly Uint8Array[]): Uint8Array[] {
  const one = framer();
  return pieces.flatMap((piece) => one.push(piece));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
