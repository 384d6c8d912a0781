import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ANY_NAMES, arbitraryBatch, arbitraryReading, SENML_NAMES } from "../../test/support/arbitrary-readings";
import type { Reading } from "../reading";
import { type CodecName, type DecodeContext, loadCodec } from ".";

const noDevice: DecodeContext = { deviceId: "", topic: "t", receivedAt: 1_700_000_000_000 };
/** Metadata comes back without a prototype; what counts is what it says. */
const bare = (reading: Reading): unknown => JSON.parse(JSON.stringify(reading));

describe.each(["json", "msgpack", "auto"] as const)("%s", (name: Exclude<CodecName, "jsonata">) => {
  it("gives back every field of every reading, in order", async () => {
    const codec = await loadCodec(name);
    fc.assert(
      fc.property(arbitraryBatch(ANY_NAMES), (readings) => {
        expect(codec.decode(codec.encode(readings), noDevice).map(bare)).toEqual(readings.map(bare));
      }),
    );
  });

  it("carries verdicts, marks and the historical flag", async () => {
    const codec = await loadCodec(name);
    const reading: Reading = {
      deviceId: "pump-1",
      sensor: "vibration.x",
      value: 4.5,
      unit: "m/s2",
      timestamp: 1_700_000_000_123.5,
      quality: "uncertain",
      historical: true,
      marks: ["late", "duplicate"],
      anomaly: { detector: "zscore", isAnomaly: true, score: 5.5, expected: { low: 0, high: 1 }, severity: "high" },
      health: { index: 0.5 },
      prediction: { model: "rul", value: 12, unit: "h" },
    };
    expect(codec.decode(codec.encode([reading]), noDevice)).toEqual([reading]);
  });

  it("sends a batch without readings", async () => {
    const codec = await loadCodec(name);
    expect(codec.decode(codec.encode([]), noDevice)).toEqual([]);
  });
});

describe.each(["senml-json", "senml-cbor"] as const)("%s", (name) => {
  it("gives back value, unit, time, quality and seq of every reading", async () => {
    const codec = await loadCodec(name);
    fc.assert(
      fc.property(arbitraryBatch(SENML_NAMES), (readings) => {
        expect(codec.decode(codec.encode(readings), noDevice).map(bare)).toEqual(readings.map(bare));
      }),
    );
  });

  it("is recognised by its first bytes", async () => {
    const [codec, auto] = [await loadCodec(name), await loadCodec("auto")];
    fc.assert(
      fc.property(arbitraryBatch(SENML_NAMES, 100), (readings) => {
        expect(auto.decode(codec.encode(readings), noDevice).map(bare)).toEqual(readings.map(bare));
      }),
      { numRuns: 50 },
    );
  });

  it("carries data values", async () => {
    const codec = await loadCodec(name);
    const reading: Reading = {
      deviceId: "reader",
      sensor: "tag",
      value: "aGkgCg",
      unit: "1",
      timestamp: 1_700_000_000_000,
      quality: "good",
      metadata: { encoding: "base64url" },
    };
    expect(codec.decode(codec.encode([reading]), noDevice)).toEqual([reading]);
  });

  it("says which name it cannot write", async () => {
    const codec = await loadCodec(name);
    const reading: Reading = {
      deviceId: "Raum 1",
      sensor: "t",
      value: 1,
      unit: "1",
      timestamp: 1.7e12,
      quality: "good",
    };
    expect(() => codec.encode([reading])).toThrow(/letters, digits and - : \. \/ _, got "Raum 1\/t"/);
    expect(() => codec.encode([{ ...reading, deviceId: "r", timestamp: 5 }])).toThrow(/1978/);
  });
});

describe("msgpack", () => {
  it("is recognised by its first bytes", async () => {
    const [codec, auto] = [await loadCodec("msgpack"), await loadCodec("auto")];
    fc.assert(
      fc.property(arbitraryBatch(ANY_NAMES, 40), (readings) => {
        expect(auto.decode(codec.encode(readings), noDevice).map(bare)).toEqual(readings.map(bare));
      }),
    );
  });
});

describe("plain", () => {
  it("gives back the value of a number or boolean", async () => {
    const [codec, auto] = [await loadCodec("plain"), await loadCodec("auto")];
    const valued = arbitraryReading(ANY_NAMES).filter(
      ({ value }) => typeof value === "number" || typeof value === "boolean",
    );
    fc.assert(
      fc.property(valued, (reading) => {
        const context = {
          deviceId: reading.deviceId,
          topic: "t",
          receivedAt: reading.timestamp,
          sensor: reading.sensor,
        };
        const bytes = codec.encode([reading]);
        expect(codec.decode(bytes, context)[0]).toMatchObject({ value: reading.value, sensor: reading.sensor });
        expect(auto.decode(bytes, context)[0]).toMatchObject({ value: reading.value, deviceId: reading.deviceId });
      }),
    );
  });

  it("carries one number or boolean, nothing else", async () => {
    const codec = await loadCodec("plain");
    const reading: Reading = { deviceId: "d", sensor: "s", value: "x", unit: "1", timestamp: 0, quality: "good" };
    expect(() => codec.encode([reading])).toThrow('value: carries a number, true or false, got "x"');
    expect(() => codec.encode([])).toThrow("carries one reading a message, got 0");
  });
});

it.each(["json", "msgpack", "senml-json", "senml-cbor", "plain"] as const)("%s does not write NaN", async (name) => {
  const codec = await loadCodec(name);
  const reading = {
    deviceId: "d",
    sensor: "s",
    value: Number.NaN,
    unit: "1",
    timestamp: 1.7e12,
    quality: "good",
  } as const;
  expect(() => codec.encode([reading])).toThrow(/d\/s: expected a finite number, got NaN/);
});
