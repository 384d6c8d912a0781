import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";

const found = (values: readonly number[], options = {}): number[] => {
  const detector = detectorFactory({ method: "stuck", ...options })();
  return series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
};
const next = gaussian(1);
const noise = (count: number): number[] => Array.from({ length: count }, next);

describe("stuck", () => {
  it("finds a value that repeats where none did, from the tenth repetition on", () => {
    const at = found([...noise(200), ...new Array(30).fill(1.5), ...noise(50)]);
    expect(at[0]).toBe(210);
    expect(at).toHaveLength(20);
    expect(found([...noise(200), ...new Array(6).fill(1.5)], { repeats: 3 })).toEqual([203, 204, 205]);
  });

  it("has p of the predictive distribution of a geometric run", () => {
    // After 99 changes and no repetition, the chance of the first is (0 + 1/2) / (99 + 1), of the second (1 + 1/2) / (100 + 1).
    const detector = detectorFactory({ method: "stuck" })();
    for (const item of series(Array.from({ length: 100 }, (_, i) => i))) detector.push(item);
    const [once, twice] = series([99, 99]).map((item) => detector.push(item).anomaly?.p);
    expect(once).toBeCloseTo(0.5 / 100, 9);
    expect(twice).toBeCloseTo((0.5 / 100) * (1.5 / 101), 9);
  });

  it("knows series of few values, which repeat by chance", () => {
    // Two values: half of the readings repeat, and runs of 10 are nothing.
    expect(found(noise(5000).map((value) => (value > 0 ? 1 : 0)))).toEqual([]);
  });

  it("gives p of runs that come by chance: a run of k with the chance to the power of k", () => {
    const detector = detectorFactory({ method: "stuck" })();
    const ps = series(noise(60_000).map((value) => (value > 0 ? 1 : 0))).flatMap(
      (item) => detector.push(item).anomaly?.p ?? [],
    );
    for (const run of [1, 3, 5, 7]) {
      const share = ps.filter((p) => p < 1.4 * 0.5 ** run).length / ps.length;
      expect(share / 0.5 ** run, `run of ${run}`).toBeGreaterThan(0.5);
      expect(share / 0.5 ** run, `run of ${run}`).toBeLessThan(1.3);
    }
  });

  it("knows series that stand still every night", () => {
    const day = (): number[] => [...noise(100), ...new Array(60).fill(0)];
    const days = Array.from({ length: 20 }, day).flat();
    expect(found(days).filter((i) => i > 160)).toEqual([]);
    // But not for three times as long.
    expect(found([...days, ...new Array(180).fill(0)]).length).toBeGreaterThan(10);
  });

  it("counts changes within the tolerance as none, measured from where the run began", () => {
    const jitter = [...noise(200), ...noise(30).map((value) => 1.5 + 0.001 * value)];
    expect(found(jitter)).toEqual([]);
    expect(found(jitter, { tolerance: 0.02 }).length).toBeGreaterThan(10);
    expect(found([...noise(200), ...Array.from({ length: 60 }, (_, i) => 0.01 * i)], { tolerance: 0.02 })).toEqual([]);
  });

  it("does not take an anomaly for normal that it was told not to learn", () => {
    const values = [...noise(200), ...new Array(300).fill(1), ...noise(200), ...new Array(50).fill(1)];
    const options = { learnAnomalies: false, relearnAfter: 0, oneIn: 100 };
    expect(found(values, options).some((i) => i >= 700)).toBe(true);
    expect(found(values, { oneIn: 100 }).some((i) => i >= 700)).toBe(false);
  });
});
