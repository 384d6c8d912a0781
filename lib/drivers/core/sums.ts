/** The plain sums that many serial parts use instead of a CRC. */

/** Sum of the bytes, low 16 bits. */
export function sum16(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xffff;
}

/** Sum of the bytes, low 8 bits. */
export const sum8 = (bytes: Uint8Array): number => sum16(bytes) & 0xff;
