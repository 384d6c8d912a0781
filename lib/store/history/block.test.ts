import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Quality, Reading, ReadingValue } from "../../reading";
import { StoreError } from "../errors";
import { decodeBlock, encodeBlock } from "./block";

function reading(fields: Partial<Reading>): Reading {
  return {
    deviceId: "d",
    sensor: "s",
    value: 1,
    unit: "Cel",
    timestamp: 0,
    quality: "good",
    historical: true,
    ...fields,
  };
}

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 100),
  fc.integer(),
  fc.constantFrom(-0, 0.1 + 0.2, 1e300, Number.MIN_VALUE, 2 ** 53, 1e15 + 0.5),
);
const timestamp = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
  fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }),
  fc.constantFrom(8.64e15, -8.64e15, 0),
);
const value: fc.Arbitrary<ReadingValue> = fc.oneof(
  { weight: 4, arbitrary: number },
  fc.boolean(),
  fc.string(),
  fc.constant(null),
);
const anyReading = (values: fc.Arbitrary<ReadingValue>, times: fc.Arbitrary<number>): fc.Arbitrary<Reading> =>
  fc
    .record(
      {
        value: values,
        timestamp: times,
        unit: fc.constantFrom("Cel", "%", "m/s2"),
        quality: fc.constantFrom<Quality>("good", "uncertain", "bad"),
        seq: fc.nat(),
        metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string()),
        anomaly: fc.constant({ detector: "z", isAnomaly: true, score: 4.2 }),
      },
      { requiredKeys: ["value", "timestamp"] },
    )
    .map(reading);

describe("a block", () => {
  it.each([
    ["numbers at integer times", number, fc.integer({ min: 0, max: 2e12 })],
    ["decimal numbers", fc.integer({ min: -99999, max: 99999 }).map((n) => n / 1000), timestamp],
    ["values of any kind at any time", value, timestamp],
  ])("gives back %s exactly", (_what, values, times) => {
    fc.assert(
      fc.property(fc.array(anyReading(values, times), { maxLength: 60, size: "max" }), (readings) => {
        // toEqual with toStrictEqual's -0: Object.is tells 0 from -0, which JSON would lose.
        expect(decodeBlock(encodeBlock(readings), "d", "s")).toEqual(readings);
      }),
    );
  });

  it("takes about 3 bytes for a plain reading of a regular series", () => {
    const readings = Array.from({ length: 1000 }, (_, i) =>
      reading({ timestamp: 1_700_000_000_000 + i * 1000, value: Math.round(2000 + 500 * Math.sin(i / 50)) / 100 }),
    );
    expect(encodeBlock(readings).length).toBeLessThan(3100);
  });

  it("is refused when it was cut short or is of another version", () => {
    const data = encodeBlock([reading({ value: 1.23456789012 }), reading({ value: 2.5, timestamp: 7 })]);
    for (let length = 1; length < data.length; length += 1) {
      expect(() => decodeBlock(data.subarray(0, length), "d", "s")).toThrow(StoreError);
    }
    expect(() => decodeBlock(Uint8Array.of(2, 0), "d", "s")).toThrow(/version 2/);
  });
});
