import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, FrameError } from "./frame";

const LIMIT = 100_000;
const vector = fc.float32Array({ maxLength: 50, noNaN: true, noDefaultInfinity: true });
const header = fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.boolean()), { noNullPrototype: true });

describe("a frame", () => {
  it("comes back as it was sent", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("announcement" as const, "update" as const),
        header,
        vector,
        (kind, head, numbers) => {
          const frame = decodeFrame(encodeFrame(kind, head, numbers), LIMIT);
          expect(frame.kind).toBe(kind);
          expect(frame.header).toEqual(JSON.parse(JSON.stringify(head)));
          expect([...frame.vector]).toEqual([...numbers]);
        },
      ),
    );
  });

  it("lies in the message as documented, little endian with a CRC-32 at its end", () => {
    const bytes = encodeFrame("update", {}, Float32Array.of(1, -2));
    const body = Buffer.from("4757464c0101020002000000" + "7b7d" + "0000803f" + "000000c0", "hex");
    expect(bytes.subarray(0, -4).toString("hex")).toBe(body.toString("hex"));
    expect(bytes.readUInt32LE(bytes.length - 4)).toBe(crc32(body));
  });

  it("that was cut off, changed in any byte or grown is refused, and nothing else happens", () => {
    const whole = encodeFrame("update", { client: "a", round: 3 }, Float32Array.of(1, 2, 3));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] as number) ^ change;
        expect(() => decodeFrame(changed, LIMIT)).toThrow(FrameError);
        expect(() => decodeFrame(whole.subarray(0, at), LIMIT)).toThrow(FrameError);
        expect(() => decodeFrame(Buffer.concat([whole, changed.subarray(0, at + 1)]), LIMIT)).toThrow(FrameError);
      }),
    );
  });

  it("of random bytes is refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeFrame(bytes, LIMIT)).toThrow(FrameError);
      }),
    );
  });

  it("that announces more than came is refused before anything is allocated", () => {
    const bytes = encodeFrame("update", {}, new Float32Array(0));
    bytes.writeUInt32LE(0xff_ff_ff_ff, 8);
    expect(() => decodeFrame(bytes, LIMIT)).toThrow(/cut off or padded: 18 bytes came, its head says 17179869198/);
  });

  it.each([
    [Float32Array.of(1, Number.NaN), /number 1 is NaN, expected finite/],
    [Float32Array.of(Number.POSITIVE_INFINITY), /number 0 is Infinity/],
    [new Float32Array(40_000), /160018 bytes: at most 100000/],
  ])("is refused for its vector %#", (numbers, reason) => {
    expect(() => decodeFrame(encodeFrame("update", {}, numbers), LIMIT)).toThrow(reason);
  });
});
