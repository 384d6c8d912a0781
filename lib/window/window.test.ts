import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, reading, series, twoPass } from "../../test/support/series";
import type { Reading } from "../reading";
import { type WindowOptions, windowFactory } from "./create";
import type { Intake, SeriesWindow } from "./series-window";

const EVERYTHING: WindowOptions["statistics"] = ["mean", "min", "max", "sum", "count", "std", "first", "last", "rate"];

/** Pushes readings that arrive the moment they are measured. */
function push(window: SeriesWindow, input: readonly Reading[]): { out: Reading[]; intake: Intake[] } {
  const out: Reading[] = [];
  const intake = input.map((item) => window.push(item, item.timestamp, out));
  return { out, intake };
}

const run = (options: Partial<WindowOptions>, input: readonly Reading[]): Reading[] =>
  push(windowFactory(options)(), input).out;
const table = (readings: readonly Reading[]): unknown[] =>
  readings.map((item) => [item.sensor, item.value, item.unit, item.timestamp]);
const sumOf = (readings: readonly Reading[], sensor: string): number =>
  readings.filter((item) => item.sensor === sensor).reduce((sum, item) => sum + (item.value as number), 0);

describe("a tumbling window by time", () => {
  const options: Partial<WindowOptions> = { kind: "tumbling", by: "time", size: 10 };

  it("is aligned to the epoch, holds its start and not its end, and gives every statistic with its unit", () => {
    const input = [reading(1, 12_000), reading(2, 14_000), reading(6, 19_999), reading(0, 20_000)];
    const out = run({ ...options, statistics: EVERYTHING, percentiles: [50, 90] }, input);
    expect(table(out)).toEqual([
      ["temperature.mean", 3, "Cel", 20_000],
      ["temperature.min", 1, "Cel", 20_000],
      ["temperature.max", 6, "Cel", 20_000],
      ["temperature.sum", 9, "Cel", 20_000],
      ["temperature.count", 3, "1", 20_000],
      ["temperature.std", Math.sqrt(7), "Cel", 20_000], // ((1-3)^2 + (2-3)^2 + (6-3)^2) / 2
      ["temperature.first", 1, "Cel", 20_000],
      ["temperature.last", 6, "Cel", 20_000],
      ["temperature.rate", 5000 / 7999, "K/s", 20_000],
      ["temperature.p50", 2, "Cel", 20_000],
      ["temperature.p90", 5.2, "Cel", 20_000], // 2 + 0.8 (6 - 2)
    ]);
    expect(out[0]).toMatchObject({ deviceId: "d1", quality: "good", metadata: { window: "10 s" } });
  });

  it("partitions the readings: the counts of all windows add up to what was accepted, each within its bounds", () => {
    const steps = fc.array(fc.integer({ min: -8000, max: 12_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 30 }), (jumps, lateness) => {
        let time = 1_700_000_000_000;
        const input = jumps.map((jump) => {
          time += jump;
          return reading(time, time);
        });
        const window = windowFactory({ ...options, lateness, statistics: ["count", "min", "max"], bounds: true })();
        const { out, intake } = push(window, input);
        window.flush(out);
        const accepted = intake.filter((verdict) => verdict === "counted").length;
        expect(sumOf(out, "temperature.count")).toBe(accepted);
        expect(intake.every((verdict) => verdict === "counted" || verdict === "late")).toBe(true);
        const counts = out.filter((item) => item.sensor === "temperature.count");
        expect(new Set(counts.map((item) => item.timestamp)).size).toBe(counts.length);
        for (const item of out.filter(({ sensor }) => sensor !== "temperature.count")) {
          expect(item.value).toBeGreaterThanOrEqual(Date.parse(item.metadata?.windowStart ?? ""));
          expect(item.value).toBeLessThan(Date.parse(item.metadata?.windowEnd ?? ""));
        }
      }),
    );
  });

  it("waits for late readings as long as it is told, and then says that they are late", () => {
    const late = (lateness: number): unknown => {
      const { out, intake } = push(windowFactory({ ...options, lateness, statistics: ["count"] })(), [
        reading(1, 5000),
        reading(1, 13_000),
        reading(1, 9000),
        reading(1, 16_000),
      ]);
      return [out.map((item) => item.value), intake];
    };
    expect(late(0)).toEqual([[1], ["counted", "counted", "late", "counted"]]);
    expect(late(5)).toEqual([[2], ["counted", "counted", "counted", "counted"]]);
  });

  it("closes by the clock when no reading comes any more, but never while a recording is replayed faster than time", () => {
    const window = windowFactory({ ...options, idle: 5 })();
    const arrival = 1_700_000_000_000;
    const out: Reading[] = [];
    for (const item of series([1, 2, 3], 1000, 20_000)) window.push(item, arrival, out);
    // The last reading was measured 8 s before the window's end; the window waits these and 5 s more.
    window.tick(arrival + 12_999, out);
    expect(out).toEqual([]);
    window.tick(arrival + 13_000, out);
    expect(table(out)).toEqual([["temperature.mean", 2, "Cel", 30_000]]);
    expect(window.push(reading(9, 29_000), arrival + 14_000, out)).toBe("late");
  });

  it("is right near 1e9 with a spread of 0.5", () => {
    const next = gaussian(11);
    const values = Array.from({ length: 1000 }, () => 1e9 + 0.5 * next());
    const out = run({ ...options, size: 1000, statistics: ["mean", "std"] }, series([...values, 0]));
    const { mean, std } = twoPass(values);
    expect(out[0]?.value).toBeCloseTo(mean, 6);
    expect(out[1]?.value).toBeCloseTo(std, 6);
  });

  it("can name its results as told and put them at its start", () => {
    const out = run({ ...options, naming: "hourly/{sensor}", timestamp: "start" }, series([1, 1], 10_000));
    expect(table(out)).toEqual([["hourly/temperature", 1, "Cel", 0]]);
  });

  it("leaves out what one reading cannot tell", () => {
    const out = run({ ...options, statistics: ["std", "rate", "count"] }, series([1, 1], 10_000));
    expect(table(out)).toEqual([["temperature.count", 1, "1", 10_000]]);
  });
});

describe("every window", () => {
  it("never mixes units: another unit closes what is open", () => {
    const input = [
      reading(20, 0),
      reading(22, 1000),
      reading(300, 2000, { unit: "K" }),
      reading(0, 20_000, { unit: "K" }),
    ];
    expect(table(run({ size: 10 }, input))).toEqual([
      ["temperature.mean", 21, "Cel", 10_000],
      ["temperature.mean", 300, "K", 10_000],
    ]);
  });

  it("counts booleans as 0 and 1, leaves bad readings out and refuses texts and the far future", () => {
    const input = [
      reading(true, 0, { unit: "1" }),
      reading(null, 1000, { quality: "bad" }),
      reading(false, 2000, { unit: "1" }),
      reading("on", 3000),
      reading(1e200, 3000),
    ];
    const { out, intake } = push(windowFactory({ by: "count", count: 2 })(), input);
    expect(intake).toEqual(["counted", "bad", "counted", "notANumber", "notANumber"]);
    expect(out.map((item) => item.value)).toEqual([0.5]);
    expect(windowFactory({})().push(reading(1, 86_400_002), 1, [])).toBe("future");
  });

  it("is uncertain when one of its readings was, and historical when all were", () => {
    const uncertain = reading(1, 1000, { quality: "uncertain" });
    const old = reading(1, 0, { historical: true });
    const twoOf = (a: Reading, b: Reading): Reading | undefined => run({ by: "count", count: 2 }, [a, b])[0];
    expect(twoOf(reading(1, 0), uncertain)?.quality).toBe("uncertain");
    expect(twoOf(old, { ...old, timestamp: 1 })?.historical).toBe(true);
    expect(twoOf(old, reading(1, 1))).not.toHaveProperty("historical");
  });
});

describe("a sliding window by time", () => {
  const options: Partial<WindowOptions> = { kind: "sliding", by: "time", size: 10, every: 5 };

  it("gives overlapping windows, and none that are empty", () => {
    const out = run({ ...options, statistics: ["sum"] }, [
      ...series([1, 2, 4, 8], 5000),
      reading(16, 120_000),
      reading(0, 130_000),
    ]);
    expect(table(out).map((row) => (row as unknown[]).slice(1, 4))).toEqual([
      [1, "Cel", 5000],
      [3, "Cel", 10_000],
      [6, "Cel", 15_000],
      [12, "Cel", 20_000],
      [8, "Cel", 25_000],
      [16, "Cel", 125_000],
      [16, "Cel", 130_000],
    ]);
  });

  it("equals the definition: each end sums what lies within the size before it", () => {
    const steps = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 5, 10), (jumps, every) => {
        let time = 1_700_000_000_000;
        const input = jumps.map((jump, i) => {
          time += jump;
          return reading(2 ** (i % 20), time);
        });
        const out = run({ ...options, every, statistics: ["sum"] }, input);
        const expected: unknown[] = [];
        const first = input[0]!.timestamp;
        for (let end = Math.ceil(first / (every * 1000)) * every * 1000; end <= time; end += every * 1000) {
          const inside = input.filter((item) => item.timestamp >= end - 10_000 && item.timestamp < end);
          if (inside.length > 0) expected.push([end, inside.reduce((sum, item) => sum + (item.value as number), 0)]);
        }
        expect(out.map((item) => [item.timestamp, item.value])).toEqual(expected);
      }),
    );
  });

  it("keeps no more readings than it may, and says so on what it gives", () => {
    const out = run({ ...options, maxReadings: 3, statistics: ["count"] }, series(new Array(12).fill(1), 1000));
    expect(out.map((item) => [item.value, item.quality])).toEqual([
      [3, "uncertain"],
      [3, "uncertain"],
    ]);
  });

  it("takes late readings into the windows that are still open", () => {
    const window = windowFactory({ ...options, statistics: ["sum"] })();
    const { intake, out } = push(window, [
      reading(1, 4000),
      reading(2, 11_000),
      reading(4, 9000),
      reading(8, 500),
      reading(16, 16_000),
    ]);
    expect(intake).toEqual(["counted", "counted", "counted", "late", "counted"]);
    expect(out.map((item) => [item.timestamp, item.value])).toEqual([
      [5000, 1],
      [10_000, 1],
      [15_000, 6],
    ]);
  });

  it("flush gives the readings that no window has shown", () => {
    const window = windowFactory({ ...options, statistics: ["sum"] })();
    const { out } = push(window, series([1, 2, 4], 4000));
    window.flush(out);
    expect(out.map((item) => [item.timestamp, item.value])).toEqual([
      [5000, 3],
      [10_000, 7],
    ]);
    window.flush(out);
    expect(out).toHaveLength(2);
  });
});

describe("a session window", () => {
  const options: Partial<WindowOptions> = {
    kind: "session",
    gap: 5,
    maxDuration: 0,
    statistics: ["count", "first", "last"],
    bounds: true,
  };

  it("lasts until a pause, from its first to its last reading", () => {
    const out = run(options, [...series([1, 2, 3], 4999, 1000), reading(7, 15_998), reading(8, 30_000)]);
    expect(out.map((item) => item.value)).toEqual([3, 1, 3, 1, 7, 7]);
    expect(out[0]?.metadata).toMatchObject({
      windowStart: "1970-01-01T00:00:01.000Z",
      windowEnd: "1970-01-01T00:00:10.998Z",
    });
  });

  it("joins two sessions when a late reading comes between them", () => {
    const window = windowFactory({ ...options, lateness: 60, percentiles: [50] })();
    const { out } = push(window, [reading(1, 0), reading(9, 8000), reading(5, 4000)]);
    window.flush(out);
    expect(out.map((item) => item.value)).toEqual([3, 1, 9, 5]);
  });

  it("ends at its longest duration, so that a sensor that never pauses gives results too", () => {
    const out = run({ ...options, maxDuration: 10, statistics: ["count"] }, series(new Array(25).fill(1), 1000));
    expect(out.map((item) => item.value)).toEqual([10, 10]);
  });

  it("ends by the clock when nothing comes any more", () => {
    const window = windowFactory({ ...options, idle: 2, statistics: ["count"] })();
    const { out } = push(window, series([1, 1], 1000));
    window.tick(1000 + 6999, out);
    expect(out).toEqual([]);
    window.tick(1000 + 7000, out);
    expect(out.map((item) => item.value)).toEqual([2]);
  });

  it("partitions the readings", () => {
    const steps = fc.array(fc.integer({ min: -9000, max: 12_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 30 }), fc.constantFrom(0, 8), (jumps, lateness, maxDuration) => {
        let time = 0;
        const input = jumps.map((jump) => {
          time += jump;
          return reading(1, time);
        });
        const window = windowFactory({ ...options, lateness, maxDuration })();
        const { out, intake } = push(window, input);
        window.flush(out);
        expect(sumOf(out, "temperature.count")).toBe(intake.filter((verdict) => verdict === "counted").length);
      }),
    );
  });
});

describe("a window by count", () => {
  it("tumbling gives one result every so many readings, at the time of the last", () => {
    const out = run({ by: "count", count: 3 }, series([1, 2, 3, 10, 20, 30, 99]));
    expect(table(out)).toEqual([
      ["temperature.mean", 2, "Cel", 2000],
      ["temperature.mean", 20, "Cel", 5000],
    ]);
    expect(out[0]?.metadata).toEqual({ window: "3 readings" });
  });

  it("tumbling gives an unfinished window after its timeout", () => {
    const window = windowFactory({ by: "count", count: 3, timeout: 10 })();
    const { out } = push(window, series([4, 6]));
    window.tick(10_999, out);
    expect(out).toEqual([]);
    window.tick(11_000, out);
    window.tick(99_000, out);
    expect(out.map((item) => item.value)).toEqual([5]);
  });

  it("sliding gives the newest readings, first when there are enough", () => {
    const out = run({ kind: "sliding", by: "count", count: 3, everyCount: 2 }, series([1, 2, 3, 4, 5, 6, 7, 8]));
    expect(out.map((item) => [item.timestamp, item.value])).toEqual([
      [2000, 2],
      [4000, 4],
      [6000, 6],
    ]);
  });
});

describe("percentiles", () => {
  it("are exact up to the limit and a fair sample beyond it", () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_000);
    const median = (maxReadings: number): number =>
      run({ by: "time", size: 100_000, statistics: [], percentiles: [50], maxReadings }, [
        ...series(values),
        reading(0, 1e9),
      ])[0]?.value as number;
    expect(median(20_000)).toBe(9999.5);
    // The median of a sample of 2000 has a standard error of 20 000 / (2 sqrt(2000)) = 224.
    expect(Math.abs(median(2000) - 9999.5)).toBeLessThan(4 * 224);
  });
});
