import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hex } from "./fields";
import { type Framer, lineFramer, packetFramer } from "./framer";
import { modbusFrame, modbusFramer } from "./modbus";

function framed(framer: Framer, pieces: readonly Uint8Array[]): Uint8Array[] {
  return pieces.flatMap((piece) => framer.push(piece));
}

/** The bytes in pieces of these lengths, over and over. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; at += lengths[i % lengths.length]!, i++) {
    pieces.push(bytes.subarray(at, at + lengths[i % lengths.length]!));
  }
  return pieces;
}

const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, size: "max", maxLength: 40 });
const noise = fc.uint8Array({ maxLength: 300, size: "max" });

/** Two bytes of start, a length of what follows, content, and the sum of all before it. */
const summed = () =>
  packetFramer({
    start: [0x42, 0x4d],
    length: (packet) => (packet.length < 3 ? undefined : packet[2]! + 4),
    check: (packet) => packet.at(-1) === (sumOf(packet.subarray(0, -1)) & 0xff),
  });
const sumOf = (bytes: Uint8Array) => bytes.reduce((sum, byte) => sum + byte, 0);
function packet(content: Uint8Array): Uint8Array {
  const head = Uint8Array.of(0x42, 0x4d, content.length, ...content);
  return Uint8Array.of(...head, sumOf(head) & 0xff);
}

describe("packets", () => {
  it("are found however they are cut", () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 30, size: "max" }), { size: "max", maxLength: 20 });
    fc.assert(
      fc.property(contents, lengths, (all, pieces) => {
        const sent = all.map(packet);
        const stream = Uint8Array.from(sent.flatMap((one) => [...one]));
        expect(framed(summed(), cut(stream, pieces))).toEqual(sent);
      }),
    );
  });

  it("are found again behind any noise, once enough has come", () => {
    fc.assert(
      fc.property(noise, lengths, (garbage, pieces) => {
        // The longest packet that noise can promise: until its end has come, what follows may belong to it.
        const flush = new Uint8Array(4 * 300);
        const stream = Uint8Array.of(...garbage, ...flush, ...packet(hex("01 02 03")), ...flush);
        expect(framed(summed(), cut(stream, pieces))).toContainEqual(packet(hex("01 02 03")));
      }),
    );
  });

  it("that are damaged do not take the next one along", () => {
    const damaged = packet(hex("0A 0B"));
    damaged[4]! ^= 1;
    const stream = Uint8Array.of(...damaged, ...packet(hex("0C")));
    expect(framed(summed(), [stream])).toEqual([packet(hex("0C"))]);
  });

  it("that are damaged are counted once each, however they are cut", () => {
    const content = fc.uint8Array({ maxLength: 30, size: "max" });
    const one = fc
      .record({ content, isDamaged: fc.boolean() })
      .map(({ content, isDamaged }) => {
        const bytes = packet(content);
        if (isDamaged) bytes[bytes.length - 1]! ^= 0x80;
        return { bytes, isDamaged };
      })
      // What looks like a start in a damaged packet may promise more than the packet has left, and take the next one along.
      .filter(({ bytes, isDamaged }) => !isDamaged || !`${bytes.subarray(1)},`.includes("66,77,"));
    const plan = fc.array(one, { maxLength: 20, size: "max" });
    fc.assert(
      fc.property(plan, lengths, (sent, pieces) => {
        const framer = summed();
        const found = framed(framer, cut(Uint8Array.from(sent.flatMap(({ bytes }) => [...bytes])), pieces));
        expect(found).toEqual(sent.filter(({ isDamaged }) => !isDamaged).map(({ bytes }) => bytes));
        expect(framer.damaged).toBe(sent.filter(({ isDamaged }) => isDamaged).length);
      }),
    );
  });

  it("in a damaged one are no others, and noise is none", () => {
    const framer = summed();
    // A start and a length that ends before the packet does.
    const damaged = packet(hex("00 42 4D 01 00 00 00 00"));
    damaged[3]! ^= 1;
    framed(framer, [hex("00 4D 42 00 99"), damaged, packet(hex("0C")), damaged]);
    expect(framer.damaged).toBe(2);
    framer.reset();
    expect(framer.damaged).toBe(2);
  });
});

describe("lines", () => {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

  it("are found however they are cut, and too long ones are left out", () => {
    const stream = new TextEncoder().encode(`$A\r\n\r\n$B\n${"x".repeat(300)}\n$C\r\n$D`);
    fc.assert(
      fc.property(lengths, (pieces) => {
        const framer = lineFramer();
        expect(framed(framer, cut(stream, pieces)).map(text)).toEqual(["$A", "$B", "$C"]);
        expect(framer.damaged).toBe(1);
      }),
    );
  });

  it("of any bytes stay within their limit", () => {
    fc.assert(
      fc.property(noise, lengths, (garbage, pieces) => {
        const found = framed(lineFramer({ maxLength: 20 }), cut(garbage, pieces));
        expect(found.every((line) => line.length <= 21)).toBe(true);
      }),
    );
  });
});

describe("Modbus answers", () => {
  /** Frames of the Simply Modbus reference pages: the shared vectors modbus_rtu.json. */
  it.each([
    [0x11, 3, "11 03 06 AE 41 56 52 43 40 49 AD"],
    [0x11, 4, "11 04 02 00 0A F8 F4"],
    [0x11, 6, "11 06 00 01 00 03 9A 9B"],
    [0x11, 16, "11 10 00 01 00 02 12 98"],
    [0x0a, 1, "0A 81 02 B0 53"],
  ])("of unit %i to function %i are found at every cut, behind an echo and noise", (unit, code, answer) => {
    const frame = hex(answer);
    expect([...modbusFrame([...frame.subarray(0, -2)])]).toEqual([...frame]);
    for (let at = 0; at <= frame.length; at++) {
      const pieces = [hex("00 FF 12"), frame.subarray(0, at), frame.subarray(at)];
      expect(framed(modbusFramer(unit, code), pieces)).toEqual([frame]);
    }
    // The exception's unit and function have no request among the vectors.
    const echo = modbusFrame([unit, code, 0, 0x6b, 0, 3]);
    if (code < 5) expect(framed(modbusFramer(unit, code), [echo, frame])).toEqual([frame]);
  });

  it("of others, and damaged ones, are none", () => {
    const frame = hex("11 03 06 AE 41 56 52 43 40 49 AD");
    expect(framed(modbusFramer(0x12, 3), [frame])).toEqual([]);
    expect(framed(modbusFramer(0x11, 4), [frame])).toEqual([]);
    for (let at = 0; at < frame.length; at++) {
      const damaged = Uint8Array.from(frame);
      damaged[at]! ^= 0x20;
      expect(framed(modbusFramer(0x11, 3), [damaged])).toEqual([]);
    }
  });
});
