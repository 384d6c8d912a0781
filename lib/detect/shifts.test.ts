import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";
import { LevelShift } from "./level-shift";
import { VarianceShift } from "./variance-shift";

const BANDS = { medium: 4, high: 6, critical: 10 };
const next = gaussian(1);
const noise = (count: number, at = 0, sigma = 1): number[] => Array.from({ length: count }, () => at + sigma * next());
const found = (method: "levelShift" | "varianceShift", values: readonly number[], options = {}): number[] => {
  const detector = detectorFactory({ method, ...options })();
  return series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
};

/** Older: 1 to 10 in disorder; newer: the last five, of which the last is judged. */
const OLDER = [4, 1, 9, 6, 3, 10, 2, 8, 5, 7];
const NEWER = [6.5, 9.5, 11, 12, 8.5];

describe("level shift", () => {
  it("is the rank-sum test between the two windows", () => {
    const windows = { reference: 10, recent: 5 };
    const detector = new LevelShift({ windows, shift: 0, significance: 0.05, minStd: 0, bands: BANDS });
    for (const value of [...OLDER, ...NEWER.slice(0, 4)]) detector.learn(value);
    // scipy.stats 1.17.1: mannwhitneyu(newer, older, method="asymptotic").pvalue
    expect(detector.judge(8.5)?.p).toBeCloseTo(0.032088733978231275, 6);
    expect(detector.judge(8.5)).toMatchObject({ isAnomaly: true });
  });

  it("finds a step soon, for as long as it is news", () => {
    const at = found("levelShift", [...noise(300), ...noise(300, 5)]);
    expect(at[0]).toBeGreaterThan(300);
    expect(at[0]).toBeLessThan(320);
    expect(at.at(-1)).toBeLessThan(400);
  });

  it("is not moved by outliers, one or a few", () => {
    expect(found("levelShift", [...noise(200), 1e6, ...noise(5), 1e6, 1e6, ...noise(100)])).toEqual([]);
  });

  it("does not take a slow drift that is small against the noise for a step", () => {
    expect(
      found(
        "levelShift",
        noise(2000).map((value, i) => value + i / 500),
      ),
    ).toEqual([]);
  });

  it("finds the way back too when anomalies are not learned", () => {
    const values = [...noise(200), ...noise(15, 8), ...noise(200)];
    const at = found("levelShift", values, { learnAnomalies: false, relearnAfter: 0 });
    expect(at.length).toBeGreaterThan(0);
    expect(at.at(-1)).toBeLessThan(260);
  });
});

describe("variance shift", () => {
  it("is the test of Brown and Forsythe between the two windows", () => {
    const windows = { reference: 10, recent: 5 };
    const detector = new VarianceShift({ windows, ratio: 1, significance: 0.05, minStd: 0, bands: BANDS });
    for (const value of [...OLDER, 20, -9, 4, 31]) detector.learn(value);
    // scipy.stats 1.17.1: levene(older, [20, -9, 4, 31, 2], center="median").pvalue
    expect(detector.judge(2)?.p).toBeCloseTo(0.019443233860244723, 6);
  });

  it("finds more noise, and less", () => {
    const louder = found("varianceShift", [...noise(300), ...noise(200, 0, 6)]);
    expect(louder[0]).toBeGreaterThan(300);
    expect(louder[0]).toBeLessThan(330);
    const quieter = found("varianceShift", [...noise(300), ...noise(200, 0, 0.05)]);
    expect(quieter[0]).toBeGreaterThan(300);
    expect(quieter[0]).toBeLessThan(340);
  });

  it("does not take a step in level for one, once the newer window is past it", () => {
    const at = found("varianceShift", [...noise(300), ...noise(300, 4)]);
    expect(at.filter((i) => i < 300 || i > 320 + 100)).toEqual([]);
  });
});
