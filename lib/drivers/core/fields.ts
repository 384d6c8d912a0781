import { BadData } from "./values";

/** Takes a raw number out of the bytes that a device sent. @throws BadData when it is damaged or not there */
export type Field = (frame: Uint8Array) => number;
/** A checksum over bytes, which the device sends right behind them. */
export type Checksum = (bytes: Uint8Array) => number;

/** Eight bits, unsigned. */
export const u8 = (offset: number, crc?: Checksum): Field => field(offset, 1, crc, ([a]) => a!);
/** Eight bits, two's complement. */
export const s8 = (offset: number, crc?: Checksum): Field => signed(8, u8(offset, crc));
/** Sixteen bits, high byte first. */
export const u16be = (offset: number, crc?: Checksum): Field => field(offset, 2, crc, ([a, b]) => (a! << 8) | b!);
export const s16be = (offset: number, crc?: Checksum): Field => signed(16, u16be(offset, crc));
/** Sixteen bits, low byte first. */
export const u16le = (offset: number, crc?: Checksum): Field => field(offset, 2, crc, ([a, b]) => (b! << 8) | a!);
export const s16le = (offset: number, crc?: Checksum): Field => signed(16, u16le(offset, crc));
/** Twenty-four bits, high byte first. */
export const u24be = (offset: number, crc?: Checksum): Field =>
  field(offset, 3, crc, ([a, b, c]) => (a! << 16) | (b! << 8) | c!);
export const s24be = (offset: number, crc?: Checksum): Field => signed(24, u24be(offset, crc));
/** Twenty-four bits, low byte first. */
export const u24le = (offset: number, crc?: Checksum): Field =>
  field(offset, 3, crc, ([a, b, c]) => (c! << 16) | (b! << 8) | a!);
export const s24le = (offset: number, crc?: Checksum): Field => signed(24, u24le(offset, crc));
/** Thirty-two bits, high byte first. */
export const u32be = (offset: number, crc?: Checksum): Field =>
  field(offset, 4, crc, ([a, b, c, d]) => ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0);
export const s32be = (offset: number, crc?: Checksum): Field => signed(32, u32be(offset, crc));
/** Thirty-two bits, low byte first. */
export const u32le = (offset: number, crc?: Checksum): Field =>
  field(offset, 4, crc, ([a, b, c, d]) => ((d! << 24) | (c! << 16) | (b! << 8) | a!) >>> 0);

/** The bits `high` to `low` (both included, 0 is the least significant) of another field. */
export function bitField(of: Field, high: number, low: number): Field {
  const width = 2 ** (high - low + 1);
  return (frame) => Math.floor(of(frame) / 2 ** low) % width;
}

/** Another field read as two's complement of so many bits. */
export const signed =
  (bits: number, of: Field): Field =>
  (frame) =>
    twosComplement(of(frame), bits);

/** The low `bits` bits of `raw` as a signed number: twosComplement(0xFFF, 12) is -1. */
export function twosComplement(raw: number, bits: number): number {
  const whole = 2 ** bits;
  const rest = raw % whole;
  return rest >= whole / 2 ? rest - whole : rest;
}

/** "1F A0" and "1FA0" as bytes. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new RangeError(`expected pairs of hexadecimal digits, got "${text}"`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function field(offset: number, size: number, crc: Checksum | undefined, take: (bytes: Uint8Array) => number): Field {
  const end = offset + size + (crc ? 1 : 0);
  return (frame) => {
    if (frame.length < end) throw new BadData(`incomplete: expected ${end} bytes or more, got ${frame.length}`);
    const bytes = frame.subarray(offset, offset + size);
    if (crc && crc(bytes) !== frame[offset + size]) throw new BadData("CRC error");
    return take(bytes);
  };
}
