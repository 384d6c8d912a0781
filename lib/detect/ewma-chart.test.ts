import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";
import { EwmaChart } from "./ewma-chart";

const BANDS = { medium: 4, high: 6, critical: 10 };

/** NIST/SEMATECH e-Handbook of Statistical Methods 6.3.2.4: target 50, s = 2.0539, lambda 0.3. */
const NIST = {
  values: [
    52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6,
    52.1,
  ],
  ewma: [
    50.6, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36, 49.52, 50.05, 49.38, 49.92,
    50.73, 51.23, 51.94, 51.99,
  ],
};

describe("EWMA chart", () => {
  it("computes the handbook's example", () => {
    const chart = new EwmaChart({
      lambda: 0.3,
      limit: 3,
      baseline: { length: 1000, target: 50, sigma: 2.0539, minStd: 0 },
      bands: BANDS,
    });
    NIST.values.forEach((value, i) => {
      const verdict = chart.judge(value);
      const std = 2.0539 * Math.sqrt((0.3 / 1.7) * (1 - 0.7 ** (2 * (i + 1))));
      // The handbook rounds to two places.
      expect(Math.abs((verdict?.score ?? 0) * std - Math.abs((NIST.ewma[i] ?? 0) - 50))).toBeLessThan(0.0051);
      expect(verdict?.isAnomaly).toBe(false);
      chart.learn(value);
    });
  });

  it("has the limits of the handbook in the long run, and tighter ones at first", () => {
    const chart = new EwmaChart({
      lambda: 0.3,
      limit: 3,
      baseline: { length: 1000, target: 50, sigma: 2.0539, minStd: 0 },
      bands: BANDS,
    });
    // First value: the average is 0.3 of it, its standard deviation 0.3 sigma, so the limit is 3 sigma of the value itself.
    expect(chart.judge(50)?.expected?.high).toBeCloseTo(50 + 3 * 2.0539, 9);
    for (let i = 0; i < 100; i++) chart.learn(50);
    // UCL 52.5884 on the average, so 0.3 times as far on a value.
    expect(50 + ((chart.judge(50)?.expected?.high ?? 0) - 50) * 0.3).toBeCloseTo(52.5884, 3);
  });

  it("takes the value at the edge of the expected range for the last normal one", () => {
    const next = gaussian(3);
    const detector = detectorFactory({ method: "ewma" })();
    for (const item of series(Array.from({ length: 200 }, next))) detector.push(item);
    const { low, high } = detector.push(series([0])[0]!).anomaly?.expected ?? { low: 0, high: 0 };
    const state = detector.snapshot();
    const judged = (value: number) => {
      const copy = detectorFactory({ method: "ewma" })();
      copy.restore(state);
      return copy.push(series([value])[0]!).anomaly?.isAnomaly;
    };
    expect(low).toBeLessThan(high);
    expect(judged(high + 1)).toBe(true);
    expect(judged(low - 1)).toBe(true);
    expect(judged((low + high) / 2)).toBe(false);
  });

  it("finds a shift of one standard deviation that no single value shows", () => {
    const next = gaussian(4);
    const values = Array.from({ length: 700 }, (_, i) => next() + (i >= 600 ? 1.2 : 0));
    const detector = detectorFactory({ method: "ewma" })();
    const found = series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
    expect(found.find((i) => i >= 600)).toBeLessThan(625);
  });

  it("gives p that is uniform for normal values from the beginning, mean and spread unknown", () => {
    const next = gaussian(5);
    const ps = Array.from({ length: 3000 }, () => {
      const detector = detectorFactory({ method: "ewma" })();
      return series(Array.from({ length: 20 }, next)).flatMap((item) => detector.push(item).anomaly?.p ?? []);
    }).flat();
    for (const level of [0.01, 0.1, 0.5]) {
      const share = ps.filter((p) => p < level).length / ps.length;
      expect(Math.abs(share / level - 1)).toBeLessThan(0.12);
    }
  });
});
