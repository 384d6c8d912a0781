import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, reading, throughJson } from "../../test/support/series";
import { checkReading, type Reading } from "../reading";
import { type WindowOptions, windowFactory } from "./create";
import type { Intake, SeriesWindow } from "./series-window";

const EVERYTHING: WindowOptions["statistics"] = ["mean", "min", "max", "sum", "count", "std", "first", "last", "rate"];

/** Pushes readings that arrive the moment they are measured. */
function push(window: SeriesWindow, input: readonly Reading[]): { out: Reading[]; intake: Intake[] } {
  const out: Reading[] = [];
  const intake = input.map((item) => window.push(item, item.timestamp, out));
  return { out, intake };
}

describe("hostile readings", () => {
  const kinds: Partial<WindowOptions>[] = [
    { kind: "tumbling", size: 0.001 },
    { kind: "sliding", size: 10, every: 3, lateness: 100 },
    { kind: "session", lateness: 60 },
    { by: "count", count: 2 },
    { kind: "sliding", by: "count", count: 3, everyCount: 1 },
  ];
  const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(null, true, "x"));
  const time = fc.oneof(fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }), fc.integer({ min: 0, max: 100_000 }));
  it.each(kinds)("never break it nor come out as something that is no reading: %j", (kind) => {
    const create = windowFactory({
      ...kind,
      statistics: EVERYTHING,
      percentiles: [0, 99],
      bounds: true,
      maxReadings: 5,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, time), { maxLength: 30 }), (items) => {
        const window = create();
        const input = items.map(([x, t]) => reading(x, t, { quality: x === null ? "bad" : "good" }));
        const { out } = push(window, input);
        window.tick(8.64e15, out);
        window.flush(out);
        for (const item of out) expect(checkReading(item, 0)).toEqual(item);
      }),
    );
  });
});

describe("windowFactory refuses what cannot work, naming the option", () => {
  const bad: [Partial<WindowOptions>, RegExp][] = [
    [{ size: 0 }, /^size: expected 0.001 to/],
    [{ size: Number.NaN }, /^size/],
    [{ kind: "sliding", size: 10, every: 20 }, /^every: expected at most the size/],
    [{ kind: "sliding", size: 86_400, every: 1 }, /^every: expected at least a 2000th/],
    [{ by: "count", count: 20_000 }, /^count: expected a whole number from 1 to 10000, got 20000$/],
    [{ kind: "sliding", by: "count", count: 5, everyCount: 6 }, /^everyCount/],
    [{ kind: "session", gap: 0 }, /^gap/],
    [{ lateness: 100_000 }, /^lateness: expected at most 1000 windows/],
    [{ statistics: [] }, /^statistics: expected at least one/],
    [{ statistics: ["toString" as "mean"] }, /^statistics: expected some of mean/],
    [{ percentiles: [101] }, /^percentiles/],
    [{ naming: "{sensr}" }, /^naming: .*got \{sensr\}$/],
    [{ naming: "{sensor}", statistics: ["min", "max"] }, /^naming: .*2 results/],
  ];
  it.each(bad)("%j", (options, message) => {
    expect(() => windowFactory(options)).toThrow(message);
  });
});

describe("snapshot and restore at any point equals never stopped", () => {
  const kinds: Partial<WindowOptions>[] = [
    { kind: "tumbling", size: 10, lateness: 15, percentiles: [90], maxReadings: 4 },
    { kind: "sliding", size: 10, every: 5, lateness: 7, percentiles: [25], maxReadings: 6 },
    { kind: "session", gap: 5, maxDuration: 20, lateness: 10, percentiles: [50], maxReadings: 5 },
    { by: "count", count: 7, percentiles: [50], timeout: 20 },
    { kind: "sliding", by: "count", count: 6, everyCount: 4 },
  ];
  const readings = fc.array(
    fc.tuple(finite(-5, 5), fc.integer({ min: -4000, max: 9000 }), fc.constantFrom("Cel", "Cel", "Cel", "K")),
    { maxLength: 40 },
  );
  it.each(kinds)("%j", (kind) => {
    const create = windowFactory({ ...kind, statistics: EVERYTHING });
    fc.assert(
      fc.property(readings, fc.nat(40), (items, stop) => {
        let time = 1_700_000_000_000;
        const input = items.map(([value, step, unit]) => {
          time += step;
          return reading(value, time, { unit });
        });
        const whole = create();
        push(whole, input.slice(0, stop));
        const restored = create();
        restored.restore(throughJson(whole.snapshot()));
        const rest = input.slice(stop);
        const expected = push(whole, rest);
        expect(push(restored, rest)).toEqual(expected);
        const flushed: [Reading[], Reading[]] = [[], []];
        whole.tick(time + 60_000, flushed[0]);
        whole.flush(flushed[0]);
        restored.tick(time + 60_000, flushed[1]);
        restored.flush(flushed[1]);
        expect(flushed[1]).toEqual(flushed[0]);
      }),
    );
  });

  it("refuses a damaged state", () => {
    const window = windowFactory({})();
    expect(() => window.restore({ latest: { deviceId: "a/b" }, windower: {} })).toThrow(/latest/);
    expect(() => window.restore({ windower: { panes: [{}], watermark: {} } })).toThrow(/saved state|expected/);
  });
});
