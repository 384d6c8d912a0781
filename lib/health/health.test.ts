import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, reading, throughJson } from "../../test/support/series";
import type { Reading } from "../reading";
import { inverseOf, shrunkCovariance } from "./covariance";
import { DeviceHealth } from "./device-health";
import { type HealthIndex, type HealthOptions, healthFactory } from "./health-index";
import { LastKnown } from "./last-known";

const NAMES = ["a", "b", "c"];
const row = (...values: number[]): Float64Array => Float64Array.from(values);

/** Three sensors: a and b move together, c on its own. */
function healthyRow(next: () => number, offset = 0): Float64Array {
  const common = next();
  return row(offset + 10 + common + 0.1 * next(), offset + 20 + common + 0.1 * next(), offset + 5 + next());
}

function learned(options: Partial<HealthOptions>, offset = 0): { index: HealthIndex; next: () => number } {
  const next = gaussian(12);
  const index = healthFactory({ baseline: 200, smoothing: 1, ...options })();
  for (let i = 0; i < 200; i++) expect(index.push(healthyRow(next, offset), NAMES)).toBeUndefined();
  return { index, next };
}

describe("shrunk covariance", () => {
  // Twelve rows, and their shrinkage by the formula of Ledoit and Wolf 2004 written out in NumPy 2.4.6.
  const ROWS = [
    [0.46, 1.189, 0.142],
    [-1.189, -0.376, 0.258],
    [-0.423, 0.066, 0.177],
    [0.408, 0.344, 0.359],
    [-0.622, -0.878, -0.67],
    [0.713, 0.66, -0.48],
    [-0.668, -1.018, -0.18],
    [-0.162, 1.04, 0.819],
    [-2.597, -4.579, -0.363],
    [-0.308, -0.187, 0.029],
    [2.232, 1.027, -0.566],
    [2.157, 2.711, 0.475],
  ];
  const EXPECTED = [
    1.61218045, 0.983172949, 0.025408619, 0.983172949, 2.243714026, 0.167728437, 0.025408619, 0.167728437, 0.85484119,
  ];

  it("is that of Ledoit and Wolf", () => {
    const found = shrunkCovariance(
      ROWS.map((values) => row(...values)),
      3,
    );
    [...found].forEach((value, i) => {
      expect(value).toBeCloseTo(EXPECTED[i] as number, 8);
    });
  });

  it("can be inverted, also of sensors that say the same and of none that move", () => {
    const same = Array.from({ length: 30 }, (_, i) => row(i - 14.5, i - 14.5, 0));
    for (const rows of [same, same.map(() => row(0, 0, 0))]) {
      const matrix = shrunkCovariance(rows, 3);
      const inverse = inverseOf(matrix, 3);
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) {
          let sum = 0;
          for (let k = 0; k < 3; k++) sum += (matrix[i * 3 + k] as number) * (inverse[k * 3 + j] as number);
          expect(sum).toBeCloseTo(i === j ? 1 : 0, 6);
        }
      }
    }
    expect(() => inverseOf(row(1, 2, 2, 1), 2)).toThrow("not positive definite");
  });
});

describe("health by declared limits", () => {
  const sensors = [
    { sensor: "a", good: 10, failed: 20, weight: 1 },
    { sensor: "b", good: 100, failed: 50, weight: 3 },
    { sensor: "c", weight: 0, good: 0, failed: 1 },
  ];

  it("is 1 at good, 0 at failed and straight between, of the worst sensor or of the weighted mean", () => {
    const worst = healthFactory({ method: "limits", sensors, smoothing: 1 })();
    expect(worst.push(row(10, 100, 9), NAMES)).toEqual({ index: 1, contributors: [], missing: [] });
    expect(worst.push(row(15, 90, 0), NAMES)?.index).toBe(0.5);
    expect(worst.push(row(99, 100, 0), NAMES)?.index).toBe(0);
    expect(worst.push(row(-5, 150, 0), NAMES)?.index).toBe(1);
    const mean = healthFactory({ method: "limits", sensors, smoothing: 1, combine: "mean" })();
    // (1 * 0.5 + 3 * 0.2) / 4 of the way.
    expect(mean.push(row(15, 90, 0), NAMES)?.index).toBeCloseTo(1 - 1.1 / 4, 12);
    expect(mean.push(row(15, 90, 0), NAMES)?.contributors).toEqual([
      { sensor: "b", share: expect.closeTo(0.6 / 1.1, 12) },
      { sensor: "a", share: expect.closeTo(0.5 / 1.1, 12) },
    ]);
  });

  it("does without a missing sensor and says so; with more missing than there it says nothing", () => {
    const index = healthFactory({ method: "limits", sensors, smoothing: 1, combine: "mean" })();
    expect(index.push(row(Number.NaN, 75, 0), NAMES)).toMatchObject({ index: 0.5, missing: ["a"] });
    expect(index.push(row(Number.NaN, Number.NaN, 0), NAMES)).toBeUndefined();
  });

  it.each([
    [[], "sensors: expected at least one"],
    [[{ sensor: "a", good: 1, failed: 1 }], "a: expected a good and a failed value that differ, got 1 and 1"],
    [[{ sensor: "a", good: 1 }], "a: expected a good and a failed value that differ, got 1 and undefined"],
    [[{ sensor: "a", good: 1, failed: 2, weight: 0 }], "at least one with a weight above 0"],
    [[{ sensor: "a", good: 1, failed: 2, weight: -1 }], "weight of a: expected a number above 0, got -1"],
    [[{ sensor: "", good: 1, failed: 2 }], "expected a name in every row"],
  ])("refuses %j", (wrong, message) => {
    expect(() => healthFactory({ method: "limits", sensors: wrong })).toThrow(message);
  });
});

describe("health against a learned normal", () => {
  it.each(["mahalanobis", "baseline"] as const)(
    "is near 1 for healthy rows and falls with the distance: %s",
    (method) => {
      const { index, next } = learned({ method });
      const healthy = Array.from({ length: 300 }, () => index.push(healthyRow(next), NAMES)?.index ?? 0);
      expect(healthy.filter((value) => value > 0.9).length).toBeGreaterThan(290);
      const worn = [2, 4, 8, 16].map((shift) => index.push(row(10, 20, 5 + shift), NAMES)?.index ?? 1);
      expect(worn).toEqual([...worn].sort((a, b) => b - a));
      expect(worn[3]).toBeLessThan(0.5);
      expect(index.push(row(10, 20, 60), NAMES)).toEqual({
        index: 0,
        contributors: [{ sensor: "c", share: expect.closeTo(1, 1) }],
        missing: [],
      });
    },
  );

  it("sees by Mahalanobis a sensor that leaves its company within its own range", () => {
    const apart = row(12, 18, 5);
    const together = row(12, 22, 5);
    const { index } = learned({ method: "mahalanobis" });
    const own = learned({ method: "baseline" }).index;
    expect(index.push(apart, NAMES)?.index).toBeLessThan(0.7);
    expect(index.push(together, NAMES)?.index).toBe(1);
    expect(own.push(apart, NAMES)?.index).toBeGreaterThan(0.9);
  });

  it("goes by weights", () => {
    const sensors = NAMES.map((sensor) => ({ sensor, weight: sensor === "c" ? 0 : 1 }));
    const { index } = learned({ method: "baseline", sensors });
    expect(index.push(row(10, 20, 1000), NAMES)?.index).toBe(1);
  });

  it("is not taken in by a tenth of odd rows while it learns, nor by one sensor that stands still", () => {
    const next = gaussian(3);
    const index = healthFactory({ baseline: 200, smoothing: 1 })();
    for (let i = 0; i < 200; i++)
      index.push(i % 10 === 0 ? row(500, -500, 7) : row(10 + next(), 20 + next(), 7), NAMES);
    expect(index.push(row(10, 20, 7), NAMES)?.index).toBe(1);
    expect(index.push(row(10, 32, 7), NAMES)?.index).toBeLessThan(0.9);
    expect(index.push(row(10, 20, 9), NAMES)?.contributors[0]?.sensor).toBe("c");
  });

  it("gives the same at an offset of 1e9", () => {
    const near = learned({}).index.push(row(10, 20, 15), NAMES)?.index ?? 0;
    expect(near).toBeLessThan(0.7);
    expect(learned({}, 1e9).index.push(row(1e9 + 10, 1e9 + 20, 1e9 + 15), NAMES)?.index).toBeCloseTo(near, 4);
  });

  it("is smoothed, and never rises when it is not to", () => {
    const sensors = [{ sensor: "a", good: 0, failed: 1 }];
    const run = (options: Partial<HealthOptions>) => {
      const index = healthFactory({ method: "limits", sensors, ...options })();
      return [0, 1, 0, 0].map((value) => index.push(row(value), ["a"])?.index);
    };
    expect(run({ smoothing: 3 })).toEqual([1, 0.5, 0.75, 0.875]);
    expect(run({ smoothing: 3, monotonic: true })).toEqual([1, 0.5, 0.5, 0.5]);
    expect(run({ smoothing: 1 })).toEqual([1, 0, 1, 1]);
  });

  it("stays between 0 and 1 and finite, whatever comes", () => {
    const { index } = learned({});
    const value = fc.oneof(fc.double({ min: -1e100, max: 1e100, noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(fc.tuple(value, value, value), (values) => {
        const score = index.push(row(...values), NAMES);
        if (!score) return;
        expect(score.index).toBeGreaterThanOrEqual(0);
        expect(score.index).toBeLessThanOrEqual(1);
        const shares = score.contributors.reduce((sum, { share }) => sum + share, 0);
        expect(shares).toBeLessThanOrEqual(1.000001);
      }),
    );
  });
});

describe("health without a sensor", () => {
  const gone = Number.NaN;

  it("by limits keeps what the sensor said last, however long it is silent", () => {
    const sensors = [
      { sensor: "t", good: 40, failed: 80 },
      { sensor: "v", good: 1, failed: 5 },
    ];
    const index = healthFactory({ method: "limits", sensors })();
    for (let i = 0; i < 25; i++) index.push(row(40, 4.9), ["t", "v"]);
    for (let i = 0; i < 1000; i++) {
      const score = index.push(row(40, gone), ["t", "v"]);
      expect(score?.index).toBeCloseTo(0.025, 12);
      expect(score?.missing).toEqual(["v"]);
    }
    for (let i = 0; i < 50; i++) index.push(row(40, 1), ["t", "v"]);
    expect(index.push(row(40, 1), ["t", "v"])).toMatchObject({ index: expect.closeTo(1, 6), missing: [] });
  });

  it.each(["mahalanobis", "baseline"] as const)("stays as low as it was when the worn one dies: %s", (method) => {
    const { index, next } = learned({ method, smoothing: 5 });
    const worn = (shift: number) => (i: number) =>
      healthyRow(next).map((v, k) => (k === 2 ? v + shift : v))[i] as number;
    for (let i = 0; i < 50; i++) index.push(row(worn(8)(0), worn(8)(1), worn(8)(2)), NAMES);
    const before = index.push(row(10, 20, 13), NAMES)?.index ?? 0;
    expect(before).toBeLessThan(0.75);
    const after = Array.from({ length: 200 }, () => {
      const [a, b] = healthyRow(next) as unknown as [number, number];
      return index.push(row(a, b, gone), NAMES)?.index ?? 0;
    });
    expect(Math.max(...after)).toBeLessThan(before + 0.1);
    expect(Math.min(...after)).toBeGreaterThan(before - 0.1);
  });

  it("does not take the others' load for a deviation of them from the sensor that is silent", () => {
    const { index, next } = learned({ method: "mahalanobis" });
    for (let i = 0; i < 20; i++) index.push(healthyRow(next), NAMES);
    // b has always gone with a, and would now.
    expect(index.push(row(13, gone, 5), NAMES)?.index).toBeGreaterThan(0.9);
    expect(index.push(row(13, 20, 5), NAMES)?.index).toBeLessThan(0.5);
  });

  it("keeps falling when those that are left get worse", () => {
    const { index, next } = learned({ method: "mahalanobis" });
    for (let i = 0; i < 20; i++) index.push(healthyRow(next), NAMES);
    expect(index.push(row(10, gone, 5 + 30), NAMES)?.index).toBe(0);
  });

  it("names a sensor that was not there while normal was learned as missing for good", () => {
    const next = gaussian(5);
    const index = healthFactory({ baseline: 30 })();
    for (let i = 0; i < 30; i++) index.push(row(10 + next(), 20 + next(), gone), NAMES);
    expect(index.push(row(10, 20, 99), NAMES)).toMatchObject({ index: 1, missing: ["c"] });
  });

  it("continues from a snapshot as if it had never stopped, and from one of before last values were kept", () => {
    const { index, next } = learned({ smoothing: 5 });
    index.push(row(10, 20, 13), NAMES);
    index.push(row(10, 20, gone), NAMES);
    const state = throughJson(index.snapshot()) as Record<string, unknown>;
    const resumed = healthFactory({ baseline: 200, smoothing: 5 })();
    resumed.restore(state);
    const rows = Array.from({ length: 20 }, (_, i) => {
      const [a, b] = healthyRow(next) as unknown as [number, number];
      return row(a, i % 3 === 0 ? gone : b, gone);
    });
    expect(rows.map((item) => resumed.push(item, NAMES))).toEqual(rows.map((item) => index.push(item, NAMES)));
    const { lastKnown, ...old } = state;
    const older = healthFactory({ baseline: 200, smoothing: 5 })();
    older.restore(old);
    expect(older.push(row(10, 20, gone), NAMES)?.missing).toEqual(["c"]);
  });
});

describe("stand-ins for missing values", () => {
  it("move as the conditional expectation says", () => {
    // Unit variances, correlation 0.8: E[y | x] = 0.8 x. The inverse of [[1, 0.8], [0.8, 1]] is [[1, -0.8], [-0.8, 1]] / 0.36.
    const precision = [1, -0.8, -0.8, 1].map((value) => value / 0.36);
    const known = new LastKnown(1);
    expect(known.fill(row(1, Number.NaN), precision)[1]).toBeCloseTo(0.8, 12);
    known.fill(row(1, 3), precision);
    // 2.2 above what x lets expect, and that stays.
    expect(known.fill(row(2, Number.NaN), precision)[1]).toBeCloseTo(3.8, 12);
    expect(known.fill(row(-1, Number.NaN), precision)[1]).toBeCloseTo(1.4, 12);
  });
});

describe("health of a device", () => {
  const make = (sensors: readonly string[] = []) =>
    new DeviceHealth(healthFactory({ baseline: 20, smoothing: 3 })(), sensors, 1000);
  const rowAt = (i: number, next: () => number): Reading[] => [
    reading(10 + next(), i * 1000, { sensor: "a" }),
    reading(20 + next(), i * 1000, { sensor: "b" }),
  ];

  it("comes out as readings, one a row, historical like those it is of", () => {
    const next = gaussian(6);
    const health = make(["a", "b"]);
    const out = Array.from({ length: 30 }, (_, i) => rowAt(i, next).map((item) => health.push(item))).flat();
    const given = out.filter((item) => item !== undefined);
    expect(given).toHaveLength(10);
    expect(given[0]).toMatchObject({ deviceId: "d1", sensor: "health", unit: "1", timestamp: 20_000, quality: "good" });
    const old = rowAt(40, next).map((item) => health.push({ ...item, historical: true }));
    expect(old[1]).toMatchObject({ historical: true, health: { index: expect.any(Number) } });
  });

  it("continues from a snapshot as if it had never stopped, while it learns and after", () => {
    for (const stop of [3, 19, 20, 33]) {
      const [one, two] = [gaussian(7), gaussian(7)];
      const whole = make();
      let resumed = make();
      for (let i = 0; i < 40; i++) {
        const expected = rowAt(i, one).map((item) => whole.push(item));
        const found = rowAt(i, two).map((item) => resumed.push(item));
        expect(found).toEqual(expected);
        if (i !== stop) continue;
        const state = throughJson(resumed.snapshot());
        resumed = make();
        resumed.restore(state);
      }
    }
  });

  it("is uncertain while a sensor is missing, and says which; another unit is as good as missing", () => {
    const next = gaussian(8);
    for (const over of [{ sensor: "b2" }, { unit: "K" }]) {
      const health = make(["a", "b"]);
      const out: (Reading | undefined)[] = [];
      for (let i = 0; i < 40; i++) {
        const [a, b] = rowAt(i, next) as [Reading, Reading];
        for (const item of [a, i < 30 ? b : { ...b, ...over }]) out.push(health.push(item));
      }
      const given = out.filter((item) => item !== undefined);
      expect(given.filter(({ quality }) => quality === "good").length).toBeGreaterThan(8);
      expect(given.at(-1)).toMatchObject({ quality: "uncertain", metadata: { reason: "missing: b" } });
    }
  });

  it("goes on after a reading of a wrong year", () => {
    const next = gaussian(9);
    const health = make(["a", "b"]);
    for (let i = 0; i < 30; i++) for (const item of rowAt(i, next)) health.push(item);
    health.push(reading(10, Date.UTC(2046, 0, 1), { sensor: "a" }));
    const after = Array.from({ length: 20 }, (_, i) => rowAt(30 + i, next).map((item) => health.push(item))).flat();
    expect(after.filter((item) => item !== undefined)).toHaveLength(20);
  });

  it("does not take a damaged state", () => {
    const state = {
      ...(make().snapshot() as object),
      index: { learning: [], reference: { levels: [1], spreads: [], usual: 1 } },
    };
    expect(() => make().restore(throughJson(state))).toThrow("spreads: expected as many as levels");
  });
});
