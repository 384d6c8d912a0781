import { describe, expect, it } from "vitest";
import type { Reading } from "../reading";
import { aggregateReadings } from "./aggregate";

function at(timestamp: number, value: Reading["value"], change: Partial<Reading> = {}): Reading {
  return { deviceId: "d", sensor: "s", value, unit: "Cel", timestamp, quality: "good", ...change };
}

describe("aggregateReadings", () => {
  const readings = [at(60_000, 1), at(90_000, 3), at(119_999, 8), at(120_000, 5)];

  it.each([
    ["mean", [4, 5]],
    ["min", [1, 5]],
    ["max", [8, 5]],
    ["sum", [12, 5]],
    ["count", [3, 1]],
    ["first", [1, 5]],
    ["last", [8, 5]],
  ] as const)("%s of each minute", (how, expected) => {
    const results = aggregateReadings(readings, how, 60_000);
    expect(results.map(({ value }) => value)).toEqual(expected);
    expect(results.map(({ timestamp }) => timestamp)).toEqual([60_000, 120_000]);
    expect(results[0]).toMatchObject({ unit: how === "count" ? "1" : "Cel", historical: true, quality: "good" });
  });

  it("keeps series apart and leaves out what has no number or is bad", () => {
    const mixed = [at(0, 1), at(1, 9, { sensor: "x" }), at(2, true), at(3, 100, { quality: "bad" }), at(4, null)];
    expect(aggregateReadings(mixed, "max", 1000).map(({ sensor, value }) => [sensor, value])).toEqual([
      ["s", 1],
      ["x", 9],
    ]);
  });

  it("is uncertain when one of its readings is", () => {
    expect(aggregateReadings([at(0, 1), at(1, 2, { quality: "uncertain" })], "mean", 10)[0]?.quality).toBe("uncertain");
  });

  it("aligns times before 1970 too", () => {
    expect(aggregateReadings([at(-1, 1)], "mean", 1000)[0]?.timestamp).toBe(-1000);
  });
});
