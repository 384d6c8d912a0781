import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { LineEncoder } from "./encoder";

const reading: Reading = {
  deviceId: "pump-1",
  sensor: "temperature",
  value: 21.5,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
};

function lineOf(change: Partial<Reading>, encoder = new LineEncoder()): string {
  return encoder.encode([{ ...reading, ...change }]).lines.trimEnd();
}

/** What makes a point unique in InfluxDB: measurement, tags and timestamp. */
function keyOf(line: string): string {
  return `${line.slice(0, line.indexOf(" value"))} ${line.slice(line.lastIndexOf(" "))}`;
}

describe("LineEncoder", () => {
  it("writes measurement, tags, fields and nanoseconds", () => {
    expect(lineOf({})).toBe(
      'sensor_data,device_id=pump-1,sensor_type=temperature,unit=Cel value=21.5,quality="good" 1700000000000000000',
    );
  });

  it("gives each type of value a field of its own, so that types never conflict", () => {
    expect(lineOf({ value: true })).toContain(' value_bool=true,quality="good" ');
    expect(lineOf({ value: 'say "hi"' })).toContain(' value_text="say \\"hi\\"",quality="good" ');
    expect(lineOf({ value: null, quality: "bad" })).toContain(' quality="bad" ');
    expect(lineOf({ value: 3 })).toContain(" value=3,");
  });

  it("writes metadata as sorted meta_ tags, all or the chosen ones, and leaves empty ones out", () => {
    const metadata = { site: "Hall 3", area: "north", note: "" };
    expect(lineOf({ metadata })).toContain("pump-1,meta_area=north,meta_site=Hall\\ 3,sensor_type=");
    const chosen = new LineEncoder({ metadataTags: ["site"] });
    expect(lineOf({ metadata }, chosen)).toContain("pump-1,meta_site=Hall\\ 3,sensor_type=");
  });

  it("stores a window's bounds beside the value and makes no series of them, unless told to", () => {
    const metadata = { window: "60 s", windowStart: "2026-01-01T00:00:00Z", windowEnd: "2026-01-01T00:01:00Z" };
    const line = lineOf({ metadata });
    expect(line).toContain("pump-1,meta_window=60\\ s,sensor_type=");
    expect(line).toContain(',meta_windowStart="2026-01-01T00:00:00Z",meta_windowEnd="2026-01-01T00:01:00Z" ');
    const chosen = lineOf({ metadata }, new LineEncoder({ metadataTags: ["windowStart"] }));
    expect(chosen).toContain("pump-1,meta_windowStart=2026-01-01T00:00:00Z,sensor_type=");
    expect(chosen).not.toContain('meta_windowStart="');
  });

  it("tells once when metadata make very many series", () => {
    const told: string[] = [];
    const encoder = new LineEncoder({ onManyValues: (key) => told.push(key) });
    for (let uptime = 0; uptime < 3000; uptime += 1)
      lineOf({ metadata: { uptime: String(uptime), site: "n" } }, encoder);
    expect(told).toEqual(["uptime"]);
  });

  it("writes what intelligence nodes have found", () => {
    const found: Partial<Reading> = {
      seq: 7,
      anomaly: { detector: "z-score", isAnomaly: true, score: 4.2 },
      health: { index: 0.9 },
      prediction: { model: "rul", value: 120 },
    };
    expect(lineOf(found)).toContain(
      ' value=21.5,quality="good",seq=7i,anomaly_score=4.2,is_anomaly=true,health_index=0.9,prediction=120 ',
    );
    expect(lineOf({ prediction: { model: "state", value: "worn" } })).toContain(',prediction_text="worn" ');
    expect(lineOf({ anomaly: { detector: "d", isAnomaly: false, score: Number.NaN } })).toContain(",is_anomaly=false ");
  });

  it("refuses a reading that cannot be stored, with the reason, and encodes the others", () => {
    const { lines, count, refused } = new LineEncoder().encode([
      reading,
      { ...reading, deviceId: "evil\nsensor_data value=1" },
      { ...reading, timestamp: 8e15 },
      { ...reading, sensor: "pressure" },
    ]);
    expect(count).toBe(2);
    expect(lines.split("\n")).toHaveLength(3);
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^deviceId: InfluxDB cannot store/),
      expect.stringMatching(/^timestamp: InfluxDB stores the years/),
    ]);
  });

  it("cannot be made to write a field that is no number", () => {
    const forged = { ...reading, seq: "1i,admin=true" as unknown as number };
    expect(lineOf(forged)).not.toContain("admin");
  });
});

describe("keys of points", () => {
  it("moves a different reading of the same millisecond by a nanosecond", () => {
    const encoder = new LineEncoder();
    const { lines } = encoder.encode([reading, { ...reading, value: 22 }, { ...reading, value: 23 }]);
    const times = lines
      .trimEnd()
      .split("\n")
      .map((line) => line.slice(line.lastIndexOf(" ") + 1));
    expect(times).toEqual(["1700000000000000000", "1700000000000000001", "1700000000000000002"]);
  });

  it("gives the same reading the same key again, so that a repeated delivery is written once", () => {
    const encoder = new LineEncoder();
    const batch = [reading, { ...reading, value: 22 }];
    const first = encoder.encode(batch).lines;
    expect(encoder.encode(batch).lines).toBe(first);
    const restarted = new LineEncoder();
    restarted.recall(first);
    expect(restarted.encode(batch).lines).toBe(first);
  });

  it("keeps a reading after a restart apart from one before it", () => {
    const before = lineOf({});
    const restarted = new LineEncoder();
    restarted.recall(`${before}\n`);
    expect(keyOf(lineOf({ value: 99 }, restarted))).not.toBe(keyOf(before));
  });

  it("never lets two different readings share a key, in any order of a few recent milliseconds", () => {
    const recent = fc.record({
      timestamp: fc.nat(3).map((ms) => 1_700_000_000_000 + ms),
      value: fc.nat(20),
      sensor: fc.constantFrom("a", "b"),
      unit: fc.constantFrom("Cel", "K"),
    });
    fc.assert(
      fc.property(fc.array(recent, { maxLength: 60 }), (changes) => {
        const { lines } = new LineEncoder().encode(changes.map((change) => ({ ...reading, ...change })));
        const keys = new Set(lines.split("\n").filter(Boolean).map(keyOf));
        const different = new Set(changes.map((change) => JSON.stringify(change)));
        expect(keys.size).toBe(different.size);
      }),
    );
  });

  it("tells fifty thousand readings of one millisecond apart", () => {
    const batch = Array.from({ length: 50_000 }, (_, value) => ({ ...reading, value }));
    const keys = new LineEncoder().encode(batch).lines.trimEnd().split("\n").map(keyOf);
    expect(new Set(keys).size).toBe(50_000);
  });

  it("tells fractions of a millisecond apart, even where a moved reading wants their place", () => {
    const encoder = new LineEncoder();
    const at = (timestamp: number, value: number): Reading => ({ ...reading, timestamp, value });
    const batch = [at(5, 1), at(5, 2), at(5.000001, 3), at(5.5, 4)];
    expect(new Set(encoder.encode(batch).lines.trimEnd().split("\n").map(keyOf)).size).toBe(4);
  });

  it("forgets the series that were used least when there are more than its cap", () => {
    const encoder = new LineEncoder({ seriesCap: 10 });
    const batch = Array.from({ length: 1000 }, (_, index) => ({ ...reading, deviceId: `d${index}` }));
    expect(encoder.encode(batch).count).toBe(1000);
  });
});
