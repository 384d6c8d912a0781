import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, reading, series, throughJson } from "../../../test/support/series";
import { StateError } from "../../numeric/state";
import type { AnomalyVerdict, Reading } from "../../reading";
import { SeriesDetector } from "../series-detector";
import { type AutoOptions, autoFactory } from "./create";

const MINUTES = 5;
const DAY = (24 * 60) / MINUTES;

function create(options: Partial<AutoOptions> = {}): SeriesDetector {
  return new SeriesDetector(autoFactory(options)(), { gap: 0, learnAnomalies: true, relearnAfter: 0 });
}

function judge(values: readonly number[], options: Partial<AutoOptions> = {}): (AnomalyVerdict | undefined)[] {
  const detector = create(options);
  return series(values, MINUTES * 60_000).map((item) => detector.push(item).anomaly);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const anomaliesIn = (verdicts: readonly (AnomalyVerdict | undefined)[]): number[] =>
  verdicts.flatMap((verdict, i) => (verdict?.isAnomaly ? [i] : []));

/** Two weeks of a room: warm by day, with noise that has a memory of some readings. */
function room(seed: number, noise = 0.3, days = 14): number[] {
  const next = gaussian(seed);
  let drift = 0;
  return Array.from({ length: days * DAY }, (_, i) => {
    drift = 0.6 * drift + noise * next();
    const hour = (i % DAY) / (DAY / 24);
    return 18 + 6 * Math.exp(-((hour - 14) ** 2) / 18) + drift;
  });
}

const AT = 9 * DAY + DAY / 2;

/** What can go wrong, done to the values from AT on. */
const EVENTS: Record<string, (values: number[]) => void> = {
  "a spike up": (values) => {
    values[AT] = (values[AT] as number) + 8;
  },
  "a spike down, out of the warm hours": (values) => {
    values[AT] = (values[AT] as number) - 12;
  },
  "a step in level": (values) => {
    for (let i = AT; i < values.length; i++) values[i] = (values[i] as number) + 6;
  },
  "a day whose peak is missing": (values) => {
    const night = values.slice(8 * DAY, 8 * DAY + 40);
    for (let i = 9 * DAY; i < 10 * DAY; i++) values[i] = night[i % 40] as number;
  },
  "a value that stands still over the day": (values) => {
    values.fill(values[AT] as number, AT, AT + DAY / 2);
  },
  "noise that grows": (values) => {
    const next = gaussian(99);
    for (let i = AT; i < AT + DAY / 2; i++) values[i] = (values[i] as number) + 2 * next();
  },
};

describe("auto", () => {
  it.each(Object.entries(EVENTS))("finds %s within half a day", (_, happen) => {
    for (const seed of [1, 2, 3]) {
      const values = room(seed);
      happen(values);
      const found = anomaliesIn(judge(values)).filter((i) => i >= 9 * DAY + DAY / 4 && i <= AT + DAY / 2);
      expect(found.length, `seed ${seed}`).toBeGreaterThan(0);
    }
  });

  it("gives few alarms where nothing happens, and fewer the longer it has looked", () => {
    const alarms = [1, 2, 3, 4].map((seed) => anomaliesIn(judge(room(seed, 0.3, 42))));
    const [early, late] = [alarms.flat().filter((i) => i < 21 * DAY), alarms.flat().filter((i) => i >= 21 * DAY)];
    // Four rooms of 42 days are 48 384 readings. Values without memory have 2 ln(12 096 / 100) = 9.6 records a member and room,
    // 192 with five members; a z-score at 3 standard deviations would call 131 of them anomalies.
    expect(early.length + late.length).toBeLessThan(65);
    expect(late.length).toBeLessThan(early.length);
  });

  it("finds nothing in a constant series, and its first change", () => {
    for (const value of [0, 0.1, 1e9 + 0.1]) {
      for (const [length, severity] of [
        [500, "low"],
        [1500, "critical"],
      ] as const) {
        const verdicts = judge([...new Array(length).fill(value), value + 1]);
        expect(anomaliesIn(verdicts)).toEqual([length]);
        expect(verdicts[length]).toMatchObject({ severity });
        expect(verdicts[length]?.score).toBeGreaterThan(1000);
        expect(verdicts[length]?.members?.length).toBeGreaterThan(0);
      }
    }
  });

  it("finds nothing in a pattern once it repeats", () => {
    const found = anomaliesIn(judge(Array.from({ length: 4000 }, (_, i) => (i % DAY < 100 ? 80 : 20))));
    expect(found.filter((i) => i >= 2 * DAY)).toEqual([]);
  });

  it("takes one digit more for no news where a sensor has few of them", () => {
    const next = gaussian(8);
    const coarse = Array.from({ length: 3000 }, () => 210 + Math.round(2 * next()));
    const highest = Math.max(...coarse);
    expect(judge([...coarse, highest + 1])[3000]?.members ?? []).not.toContain("value");
    expect(judge([...coarse, highest + 3])[3000]?.members).toContain("value");
    expect(judge([...coarse, highest + 3], { resolution: 4 })[3000]?.members ?? []).not.toContain("value");
  });

  it("judges from reading 101 on, or as told", () => {
    const values = room(5).slice(0, 300);
    expect(judge(values).findIndex((verdict) => verdict !== undefined)).toBe(100);
    expect(judge(values, { minimum: 30 }).findIndex((verdict) => verdict !== undefined)).toBe(30);
  });

  it("gives one alarm for one event, and another for one ten times as strong", () => {
    const values = room(6);
    for (let i = 0; i < 50; i++) values[AT + i] = 30 + 0.2 * i;
    const quiet = anomaliesIn(judge(values)).filter((i) => i >= AT && i < AT + 50);
    expect(quiet).toEqual([AT]);
    values[AT + 30] = 500;
    expect(anomaliesIn(judge(values)).filter((i) => i >= AT && i < AT + 50)).toEqual([AT, AT + 30]);
  });

  it("sees again after one gross glitch", () => {
    const values = room(7);
    values[6 * DAY] = 85_000;
    values[AT] = 300;
    expect(anomaliesIn(judge(values))).toContain(AT);
  });

  it("scores a record by z log10 n, z spans beyond n values", () => {
    // 1000 values from 0 to 1 in an order without trend, then 1.5: half a span beyond. At 1000 values that is
    // -log10 p = 0.5 log10 1000 = 1.5 for the value, less the smallest step, 0.001; other members may only add to it.
    const values = Array.from({ length: 1000 }, (_, i) => ((i * 7) % 1000) / 999);
    const verdict = judge([...values, 1.5])[1000];
    expect(verdict?.score).toBeGreaterThan(0.495 * 3);
    expect(verdict?.members?.[0]).toMatch(/value|forecast/);
    // A rank: in such an order the first hundreds held records as large.
    expect(verdict?.p).toBeLessThan(0.1);
  });

  it.each([
    ["independent noise", 0],
    ["noise with a memory", 0.9],
  ])(
    "has a p in %s that is below 0.1 and 0.01 about as often as it says, and never for more than it says",
    (_, memory) => {
      const next = gaussian(31);
      let noise = 0;
      const values = Array.from({ length: 40_000 }, () => {
        noise = memory * noise + next();
        return noise;
      });
      const p = judge(values)
        .slice(5000)
        .map((verdict) => verdict?.p ?? 1);
      const share = (level: number) => p.filter((each) => each <= level).length / p.length;
      for (const level of [0.1, 0.01]) {
        expect(share(level), `${level}`).toBeLessThan(1.5 * level);
        expect(share(level), `${level}`).toBeGreaterThan(0.4 * level);
      }
    },
  );

  it("does not call an anomaly what it says is expected, or likely", () => {
    const found = [3, 4, 5, 6].flatMap((seed) => {
      const values = room(seed);
      return judge(values).flatMap((verdict, i) => (verdict?.isAnomaly ? [{ verdict, value: values[i]! }] : []));
    });
    expect(found.length).toBeGreaterThan(0);
    for (const { verdict, value } of found) {
      expect(verdict.p).toBeLessThanOrEqual(0.1);
      expect(verdict.expected!.high).toBeGreaterThan(verdict.expected!.low);
      if (!verdict.members?.every((member) => member === "spread"))
        expect(value < verdict.expected!.low || value > verdict.expected!.high).toBe(true);
    }
  });

  it("says where a normal value would have been", () => {
    const values = room(9);
    const verdicts = judge(values);
    const inside = values.filter((value, i) => {
      const expected = verdicts[i]?.expected;
      return expected && value >= expected.low && value <= expected.high;
    });
    expect(inside.length).toBeGreaterThan(0.98 * (values.length - 100));
    const widths = verdicts.flatMap((verdict) =>
      verdict?.expected ? [verdict.expected.high - verdict.expected.low] : [],
    );
    expect(widths.at(-1)).toBeLessThan(Math.max(...values) - Math.min(...values));
  });

  it("gives p that is no smaller than its share of steady noise", () => {
    const next = gaussian(10);
    const verdicts = judge(Array.from({ length: 30_000 }, next)).flatMap((verdict) => verdict ?? []);
    for (const level of [0.001, 0.01, 0.1]) {
      const share = verdicts.filter(({ p }) => (p ?? 1) <= level).length / verdicts.length;
      expect(share).toBeLessThan(1.2 * level + 0.0005);
    }
  });

  it("calls what the sensor cannot show an anomaly from the first reading on, and learns nothing from it", () => {
    const verdicts = judge([20, 21, -127, 20], { declaredLow: -55, declaredHigh: 125 });
    expect(anomaliesIn(verdicts)).toEqual([2]);
    expect(verdicts[2]).toMatchObject({ severity: "critical" });
    const next = gaussian(11);
    const values = Array.from({ length: 500 }, next);
    const withGlitch = [...values.slice(0, 300), 1e6, ...values.slice(300)];
    const verdictsWith = judge(withGlitch, { declaredHigh: 10 }).filter((_, i) => i !== 300);
    expect(verdictsWith.map((verdict) => verdict?.isAnomaly)).toEqual(
      judge(values, { declaredHigh: 10 }).map((verdict) => verdict?.isAnomaly),
    );
  });

  it("judges the same 2^30 higher", () => {
    const exact = (value: number): number => Math.round(value * 2 ** 20) / 2 ** 20;
    const values = room(12).map(exact);
    values[AT] = 40;
    const low = judge(values);
    const high = judge(values.map((value) => value + 2 ** 30));
    expect(anomaliesIn(high)).toEqual(anomaliesIn(low));
    expect(high[AT]?.score).toBeCloseTo(low[AT]?.score ?? 0, 3);
  });

  it("goes on after snapshot and restore as if never stopped", () => {
    const values = fc.array(fc.oneof(finite(-3, 3), fc.constantFrom(0, 0, 1e6)), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(values, values, (before, after) => {
        const options = { minimum: 20, refractory: 5, memory: 50, period: 600 };
        const whole = create(options);
        for (const item of series(before)) whole.push(item);
        const restored = create(options);
        restored.restore(throughJson(whole.snapshot()));
        for (const item of series(after, 1000, 400_000)) expect(restored.push(item)).toEqual(whole.push(item));
      }),
      { numRuns: 60 },
    );
  });

  it("goes on after snapshot and restore in the third week as if never stopped", () => {
    const values = room(21);
    EVENTS["a value that stands still over the day"]?.(values);
    const items = series(values, MINUTES * 60_000);
    const whole = create();
    for (const item of items.slice(0, AT - 500)) whole.push(item);
    const restored = create();
    restored.restore(throughJson(whole.snapshot()));
    for (const item of items.slice(AT - 500)) expect(restored.push(item)).toEqual(whole.push(item));
  });

  it("refuses the state of the release before, which had other members", () => {
    const before = {
      means: { ring: [], next: 0, anchor: 0, sums: [0, 0, 0] },
      autoregression: { count: 0, mean: 0, last: 0, products: 0, squares: 0 },
      season: {},
      extremes: [{}, {}, {}, {}, {}],
      alarms: [0, 0, 0, 0, 0],
      rarity: {},
      sinceAnomaly: 5000,
      alarm: 0,
    };
    expect(() => autoFactory()().restore(before)).toThrow(StateError);
  });

  it("finds a sensor that goes quiet, and says so", () => {
    const values = room(31, 0.3, 21);
    const from = 18 * DAY;
    for (let i = from; i < values.length; i++) {
      const usual = values[i - 7 * DAY] as number;
      const around = mean(values.slice(i - 7 * DAY - 6, i - 7 * DAY + 7));
      values[i] = around + 0.05 * (usual - around);
    }
    const verdicts = judge(values).slice(from, from + DAY);
    expect(verdicts.some((verdict) => verdict?.isAnomaly && verdict.members?.includes("spread"))).toBe(true);
  });

  it("takes a sensor at the end of its declared range for no quiet one", () => {
    const next = gaussian(32);
    const humid = Array.from({ length: 6000 }, (_, i) => (i < 5000 ? Math.min(80 + 4 * next(), 100) : 100));
    const speakers = (options: Partial<AutoOptions>): (readonly string[])[] =>
      judge(humid, options)
        .slice(5000)
        .flatMap((verdict) => (verdict?.members ? [verdict.members] : []));
    expect(speakers({}).flat()).toContain("spread");
    expect(speakers({ declaredHigh: 100 }).flat()).not.toContain("spread");
  });

  it("keeps a bounded state", () => {
    const detector = create({ memory: 1000 });
    const next = gaussian(13);
    const sizeAfter = (count: number): number => {
      for (let i = 0; i < count; i++) detector.push(reading(next(), i * 60_000) as Reading);
      return JSON.stringify(detector.snapshot()).length;
    };
    const early = sizeAfter(5000);
    expect(sizeAfter(20_000)).toBeLessThan(1.1 * early);
    expect(early).toBeLessThan(14_000);
  });

  it("gives verdicts for times out of order and far apart", () => {
    const detector = create({ minimum: 20 });
    const next = gaussian(14);
    for (const time of [0, 1e12, -1e12, 5, 1e15, ...Array.from({ length: 100 }, (_, i) => 1e12 - i * 7e6)]) {
      const verdict = detector.push(reading(next(), time)).anomaly;
      if (verdict) expect(Number.isFinite(verdict.score) && (verdict.p ?? 0) > 0).toBe(true);
    }
  });

  it("refuses options that make no sense, and says which", () => {
    const bad: [Partial<AutoOptions>, RegExp][] = [
      [{ threshold: 0 }, /^threshold/],
      [{ minimum: 5 }, /^minimum/],
      [{ refractory: -1 }, /^refractory/],
      [{ memory: 10 }, /^memory/],
      [{ period: 0 }, /^period/],
      [{ declaredLow: 5, declaredHigh: 4 }, /^declaredLow/],
      [{ declaredLow: 5, declaredHigh: 5 }, /^declaredLow/],
      [{ resolution: -1 }, /^resolution/],
      [{ settling: -1 }, /^settling/],
      [{ bands: { medium: 3, high: 2, critical: 4 } }, /^bands/],
    ];
    for (const [options, message] of bad) expect(() => autoFactory(options)).toThrow(message);
  });
});
