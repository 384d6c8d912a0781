import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc8, maximCrc8, maximCrc16, modbusCrc, sensirionCrc, smbusPec } from "./crc";
import {
  bitField,
  hex,
  s8,
  s16be,
  s16le,
  s24be,
  s24le,
  s32be,
  signed,
  twosComplement,
  u8,
  u16be,
  u16le,
  u24be,
  u24le,
  u32be,
  u32le,
} from "./fields";
import { BadData } from "./values";

const check = new TextEncoder().encode("123456789");

describe("checksums", () => {
  /** Check values of the CRC catalogue for "123456789"; the shared vectors crc8.json and modbus_rtu.json. */
  it.each([
    ["Sensirion (CRC-8/NRSC-5)", sensirionCrc, 0xf7],
    ["1-Wire (CRC-8/MAXIM-DOW)", maximCrc8, 0xa1],
    ["SMBus PEC (CRC-8/SMBUS)", smbusPec, 0xf4],
    ["SHT2x", (bytes: Uint8Array) => crc8(0x31, 0, bytes), 0xa2],
    ["Modbus (CRC-16/MODBUS)", modbusCrc, 0x4b37],
    ["1-Wire (CRC-16/ARC, which 1-Wire inverts)", maximCrc16, 0xbb3d],
  ])("of %s", (_, crc, expected) => {
    expect(crc(check)).toBe(expected);
  });

  /** SHT3x datasheet 4.12; Maxim AN27; HTU21D datasheet: the shared vectors crc8.json. */
  it.each([
    [sensirionCrc, "BEEF", 0x92],
    [sensirionCrc, "0000", 0x81],
    [maximCrc8, "02 1C B8 01 00 00 00", 0xa2],
    [maximCrc8, "50 05 4B 46 7F FF 0C 10", 0x1c],
    [(bytes: Uint8Array) => crc8(0x31, 0, bytes), "683A", 0x7c],
  ])("of datasheets' examples", (crc, bytes, expected) => {
    expect(crc(hex(bytes))).toBe(expected);
  });

  it("notice every single wrong bit", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8, size: "max" }), fc.nat(63), (bytes, bit) => {
        const damaged = Uint8Array.from(bytes);
        damaged[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
        for (const crc of [sensirionCrc, maximCrc8, smbusPec, modbusCrc]) expect(crc(damaged)).not.toBe(crc(bytes));
      }),
    );
  });
});

describe("fields", () => {
  /** Against Node's own reading of numbers, which is another implementation. */
  it.each([
    ["u8", u8, 1, (buffer: Buffer) => buffer.readUInt8(2)],
    ["s8", s8, 1, (buffer: Buffer) => buffer.readInt8(2)],
    ["u16be", u16be, 2, (buffer: Buffer) => buffer.readUInt16BE(2)],
    ["s16be", s16be, 2, (buffer: Buffer) => buffer.readInt16BE(2)],
    ["u16le", u16le, 2, (buffer: Buffer) => buffer.readUInt16LE(2)],
    ["s16le", s16le, 2, (buffer: Buffer) => buffer.readInt16LE(2)],
    ["u24be", u24be, 3, (buffer: Buffer) => buffer.readUIntBE(2, 3)],
    ["s24be", s24be, 3, (buffer: Buffer) => buffer.readIntBE(2, 3)],
    ["u24le", u24le, 3, (buffer: Buffer) => buffer.readUIntLE(2, 3)],
    ["s24le", s24le, 3, (buffer: Buffer) => buffer.readIntLE(2, 3)],
    ["u32be", u32be, 4, (buffer: Buffer) => buffer.readUInt32BE(2)],
    ["s32be", s32be, 4, (buffer: Buffer) => buffer.readInt32BE(2)],
    ["u32le", u32le, 4, (buffer: Buffer) => buffer.readUInt32LE(2)],
  ] as const)("%s", (_, field, size, expected) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        expect(field(2)(bytes)).toBe(expected(Buffer.from(bytes)));
        expect(() => field(2)(bytes.subarray(0, 1 + size))).toThrow(BadData);
      }),
    );
  });

  it("of some bits", () => {
    expect(bitField(u16be(0), 11, 4)(hex("ABCD"))).toBe(0xbc);
    expect(bitField(u32be(0), 31, 18)(hex("FFFC0000"))).toBe(0x3fff);
    expect(signed(14, bitField(u32be(0), 31, 18))(hex("FFFC0000"))).toBe(-1);
    expect([0x7ff, 0x800, 0xfff, 0].map((raw) => twosComplement(raw, 12))).toEqual([2047, -2048, -1, 0]);
  });

  it("with a checksum behind them", () => {
    expect(u16be(0, sensirionCrc)(hex("BEEF92"))).toBe(0xbeef);
    expect(() => u16be(0, sensirionCrc)(hex("BEEF93"))).toThrow("CRC error");
    expect(() => u16be(0, sensirionCrc)(hex("BEEF"))).toThrow("incomplete: expected 3 bytes or more, got 2");
  });

  it("refuses text that is no bytes", () => {
    expect(() => hex("12 3")).toThrow('expected pairs of hexadecimal digits, got "12 3"');
  });
});
