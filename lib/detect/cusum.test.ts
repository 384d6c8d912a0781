import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";
import { Cusum } from "./cusum";
import { CusumDistribution } from "./cusum-distribution";

const BANDS = { medium: 4, high: 6, critical: 10 };
const known = (target: number, sigma: number) => ({ length: 1000, target, sigma, minStd: 0 });

/** Montgomery, Introduction to Statistical Quality Control, table 9.1: mean 10, sigma 1; from the 21st on mean 11. */
const MONTGOMERY = [
  9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.2, 10.34, 9.03, 11.47, 10.51, 9.4, 10.08, 9.37, 10.62, 10.31,
  8.52, 10.84, 10.9, 9.33, 12.29, 11.5, 10.6, 11.08, 10.38, 11.62, 11.31, 10.52,
];

describe("CUSUM", () => {
  it("signals Montgomery's example at observation 29, with a sum of 5.28", () => {
    const distribution = new CusumDistribution(0.5, 5);
    const chart = new Cusum({ slack: 0.5, decision: 5, baseline: known(10, 1), bands: BANDS }, () => distribution);
    const scores = MONTGOMERY.slice(0, 29).map((value) => {
      const verdict = chart.judge(value);
      chart.learn(value);
      return verdict;
    });
    expect(scores.findIndex((verdict) => verdict?.isAnomaly)).toBe(28);
    expect(scores[28]?.score).toBeCloseTo(5.28, 9);
    // Table 9.2: C+ of observations 23, 24 and 28.
    expect(scores[4]?.score).toBeCloseTo(2.82, 9);
    expect(scores[27]?.score).toBeCloseTo(4.47, 9);
  });

  it("signals the handbook's example at its 14th group, with a sum of 4.94", () => {
    // NIST/SEMATECH e-Handbook 6.3.2.3: mean 325, k = 0.3175 and h = 4.1959 in units of the values.
    const values = [
      324.925, 324.675, 324.725, 324.35, 325.35, 325.225, 324.125, 324.525, 325.225, 324.6, 324.625, 325.15, 328.325,
      327.25,
    ];
    const distribution = new CusumDistribution(0.3175, 4.1959);
    const chart = new Cusum(
      { slack: 0.3175, decision: 4.1959, baseline: known(325, 1), bands: BANDS },
      () => distribution,
    );
    const verdicts = values.map((value) => {
      const verdict = chart.judge(value);
      chart.learn(value);
      return verdict;
    });
    expect(verdicts.findIndex((verdict) => verdict?.isAnomaly)).toBe(13);
    expect(verdicts[12]?.score).toBeCloseTo(3.0075, 9);
    expect(verdicts[13]?.score).toBeCloseTo(4.94, 9);
  });

  it("finds a lasting shift of one standard deviation, once every few readings until it is learned", () => {
    const next = gaussian(6);
    const values = Array.from({ length: 900 }, (_, i) => next() + (i >= 800 ? 1 : 0));
    const detector = detectorFactory({ method: "cusum" })();
    const found = series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
    const late = found.filter((i) => i >= 800);
    expect(late[0]).toBeLessThan(835);
    expect(late.length).toBeGreaterThan(3);
    expect(found.length - late.length).toBeLessThan(8);
  });

  it("makes one anomaly of one wild value", () => {
    const next = gaussian(7);
    const values = Array.from({ length: 400 }, (_, i) => (i === 300 ? 1000 : next()));
    const detector = detectorFactory({ method: "cusum" })();
    const found = series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
    expect(found.filter((i) => i >= 300 && i < 330)).toEqual([300]);
  });
});

describe("distribution of a CUSUM while all is normal", () => {
  // Average run lengths of one side, k = 0.5: twice the two-sided 168 and 465 of Montgomery, table 9.3.
  it.each([
    [4, 336],
    [5, 930],
  ])("has the published average run length for h = %i", (decision, expected) => {
    expect(new CusumDistribution(0.5, decision).averageRunLength / expected).toBeCloseTo(1, 2);
  });

  it("equals what a simulation counts", () => {
    const distribution = new CusumDistribution(0.5, 4);
    const next = gaussian(8);
    const levels = [0.5, 1, 2, 3, 4, 5];
    const above = levels.map(() => 0);
    const rounds = 400_000;
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      sum = Math.max(0, sum + next() - 0.5);
      levels.forEach((level, k) => {
        if (sum >= level) above[k] = (above[k] ?? 0) + 1;
      });
      if (sum > 4) sum = 0;
    }
    levels.forEach((level, k) => {
      expect(distribution.upperTail(level) / ((above[k] ?? 0) / rounds)).toBeCloseTo(1, level < 4 ? 1 : 0);
    });
  });
});
