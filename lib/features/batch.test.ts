import { describe, expect, it } from "vitest";
import { reading, series, throughJson } from "../../test/support/series";
import type { Window } from "./assembler";
import { blockOfReadings } from "./batch";
import { SeriesWindows } from "./series-windows";

const values = Array.from({ length: 20 }, (_, i) => i);
const options = { bridge: 2 };

describe("blockOfReadings", () => {
  it("is the series with its rate by the times, or as it is told", () => {
    const block = blockOfReadings(series(values, 4, 1000), options);
    expect(block).toMatchObject({ deviceId: "d1", sensor: "temperature", unit: "Cel", rateHz: 250, end: 1076 });
    expect([...block.samples]).toEqual(values);
    expect([block.bridged, block.historical]).toEqual([false, false]);
    expect(blockOfReadings(series(values, 0), { ...options, rateHz: 12_000 }).rateHz).toBe(12_000);
  });

  it("has a straight line where bad readings were", () => {
    const holed = series(values, 4).map((item, i) =>
      i === 9 || i === 10 ? { ...item, value: null, quality: "bad" as const } : { ...item, historical: true as const },
    );
    const block = blockOfReadings(holed, options);
    expect([...block.samples].map((x) => Number(x.toFixed(9)))).toEqual(values);
    expect([block.bridged, block.historical]).toEqual([true, true]);
  });

  it.each([
    ["too few samples", series([1, 2, 3]), "expected a block of at least 8 samples in a message, got 3"],
    ["a gap", [...series(values), ...series(values, 1000, 60_000)], "40 samples are missing after 20"],
    ["another order", [...series(values), reading(1, 5000)], "expected samples in order of time"],
    ["a text", [...series(values), reading("on", 20_000)], 'expected numbers, got "on"'],
    ["two units", [...series(values), reading(1, 20_000, { unit: "K" })], "expected one unit, got Cel and K"],
    ["one time for all", series(values, 0), "all samples have the same time: say their rate"],
    ["nothing good", series(values).map((item) => ({ ...item, quality: "bad" as const })), "got 0"],
  ])("refuses %s", (_, readings, reason) => {
    expect(() => blockOfReadings(readings, options)).toThrow(reason);
  });
});

describe("SeriesWindows", () => {
  const numeric = (value: number, timestamp: number, unit = "Cel") => ({
    ...reading(value, timestamp, { unit }),
    value,
  });

  it("begins anew with another unit, and says so", () => {
    const windows = new SeriesWindows({ size: 8, step: 8, bridge: 0 });
    const out: Window[] = [];
    for (let i = 0; i < 6; i++) expect(windows.take(numeric(i, i * 10), out)).toBeUndefined();
    expect(windows.take(numeric(6, 60, "K"), out)).toBe("its unit is K after Cel: a window was begun anew");
    for (let i = 7; i < 14; i++) windows.take(numeric(i, i * 10, "K"), out);
    expect(out.map(({ samples }) => [...samples])).toEqual([[6, 7, 8, 9, 10, 11, 12, 13]]);
  });

  it("keeps its unit over a restart", () => {
    const make = () => new SeriesWindows({ size: 8, step: 8, bridge: 0 });
    const [first, second] = [make(), make()];
    first.take(numeric(1, 0), []);
    second.restore(throughJson(first.snapshot()));
    expect(second.unit).toBe("Cel");
    expect(second.take(numeric(1, 10, "K"), [])).toContain("its unit is K after Cel");
    expect(() => make().restore({ unit: 5 })).toThrow("unit: expected a text");
  });
});
