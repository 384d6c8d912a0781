import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blocksFrom, looksLikeBlock } from "./block";

const samples = [0, 1, 2, 3, 4, 5, 6, 7];
const block = { deviceId: "pump-1", sensor: "vibration", unit: "[g]", rateHz: 1000, timestamp: 5, samples };
const taken = (over: object, bridge = 0) => {
  const { blocks, refused } = blocksFrom({ ...block, ...over }, bridge);
  return refused[0]?.reason ?? [...(blocks[0]?.samples ?? [])];
};

describe("blocksFrom", () => {
  it("takes what the sensor node gives, a block a channel", () => {
    const channels = ["x", "y"].map((axis) => ({
      sensor: `acceleration.${axis}`,
      unit: "m/s2",
      samples: Float64Array.from(samples),
    }));
    const payload = { deviceId: "pump-1", rateHz: 100, timestamp: 9, overrun: true, channels };
    expect(looksLikeBlock(payload)).toBe(true);
    expect(blocksFrom(payload, 0).blocks).toMatchObject([
      { deviceId: "pump-1", sensor: "acceleration.x", unit: "m/s2", rateHz: 100, end: 9, overrun: true },
      { sensor: "acceleration.y" },
    ]);
  });

  it("takes arrays, typed arrays and bytes of any common form, also after JSON", () => {
    expect(taken({})).toEqual(samples);
    expect(taken({ samples: Int16Array.from(samples), scale: 0.5 })).toEqual(samples.map((x) => x / 2));
    const shorts = Buffer.alloc(16);
    samples.forEach((x, i) => {
      shorts.writeInt16BE(2 * x, 2 * i);
    });
    expect(taken({ samples: shorts, encoding: "int16be", scale: 0.5 })).toEqual(samples);
    const floats = Buffer.from(Float32Array.from(samples).buffer);
    expect(taken({ samples: JSON.parse(JSON.stringify(floats)), encoding: "float32le" })).toEqual(samples);
    expect(taken({ samples: Buffer.from(Float64Array.from(samples).buffer), encoding: "float64le" })).toEqual(samples);
  });

  it("bridges short holes and says so", () => {
    const holes = [0, 1, null, Number.NaN, 4, 5, 6, 7];
    expect(taken({ samples: holes }, 2)).toEqual(samples);
    expect(blocksFrom({ ...block, samples: holes }, 2).blocks[0]?.bridged).toBe(true);
    expect(taken({ samples: holes }, 1)).toBe(
      "msg.payload: samples[2]: expected a number, got NaN; 2 in a row are missing",
    );
    expect(taken({ samples: [...samples, null] }, 5)).toContain("samples[8]: expected a number");
    expect(taken({ samples: Array(8).fill(null) }, 100)).toContain("8 in a row are missing");
  });

  it.each([
    ["msg.payload[1]: deviceId: expected a non-empty string, got undefined", { deviceId: undefined }],
    ["sensor: must not contain", { sensor: "a#b" }],
    ["rateHz: expected samples a second, got 0", { rateHz: 0 }],
    ['rateHz: expected samples a second, got "1000"', { rateHz: "1000" }],
    ["timestamp: expected milliseconds since 1970", { timestamp: "now" }],
    ["samples: expected 8 to 262144 samples, got 2", { samples: [1, 2] }],
    ["samples: expected 8 to 262144 samples, got 300000", { samples: new Array(300_000).fill(1) }],
    ['samples[1]: expected a number, got "2"', { samples: [1, "2", 3, 4, 5, 6, 7, 8] }],
    ['samples: expected an array of numbers or a Buffer, got "AAAA"', { samples: "AAAA" }],
    ["encoding: expected one of int8", { samples: Buffer.alloc(64) }],
    ["expected a multiple of 2 bytes for int16le, got 63", { samples: Buffer.alloc(63), encoding: "int16le" }],
    ["samples[0]: expected a number", { samples: [1e300, 2, 3, 4, 5, 6, 7, 8] }],
    ["scale: expected a number, got 0", { scale: 0 }],
    ["unit: expected a UCUM code, got 5", { unit: 5 }],
    ["expected a block of samples, got null", { channels: [null] }],
    ["expected at least one channel", { channels: [] }],
  ])("refuses one, saying %s, and nothing else of the message", (reason, over) => {
    const { blocks, refused } = blocksFrom([block, { ...block, ...over }, block], 0);
    expect(blocks.length).toBe(2);
    expect(refused.length).toBe(1);
    expect(refused[0]?.reason).toContain(reason);
    expect(JSON.stringify(refused[0]?.input).length).toBeLessThan(400);
  });

  it("never throws, whatever comes", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (whole, part) => {
        for (const payload of [whole, { ...block, samples: part }, { ...block, channels: [part] }, [part]]) {
          const { blocks, refused } = blocksFrom(payload, 2);
          for (const { samples: numbers } of blocks) expect(numbers.every(Number.isFinite)).toBe(true);
          for (const { reason } of refused) expect(reason).toMatch(/^msg\.payload/);
          looksLikeBlock(payload);
        }
      }),
    );
  });

  it("takes odd payloads, and knows blocks from readings", () => {
    for (const payload of [null, undefined, 5, "x", [], [null], { channels: "x" }, { samples: null }]) {
      expect(() => blocksFrom(payload, 0)).not.toThrow();
    }
    expect(looksLikeBlock([{ deviceId: "a", sensor: "b", value: 1 }])).toBe(false);
    expect(looksLikeBlock([block])).toBe(true);
    expect(looksLikeBlock(7)).toBe(false);
  });
});
