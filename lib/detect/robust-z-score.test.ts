import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";

const robust = (options = {}) => detectorFactory({ method: "robustZScore", ...options })();

describe("robust z-score", () => {
  it("is the distance from the median in scaled median absolute deviations", () => {
    // Median 4.5; deviations 0.5 0.5 1.5 1.5 2.5 2.5 3.5 3.5 4.5 95.5: MAD 2.5. With n = 10 the scale is 1.4826 * 10 / 9.2.
    const detector = robust();
    for (const item of series([0, 1, 2, 3, 4, 5, 6, 7, 8, 100])) detector.push(item);
    const verdict = detector.push(series([20])[0]!).anomaly;
    expect(verdict?.score).toBeCloseTo(15.5 / ((1.4826 * 2.5 * 10) / 9.2), 4);
    expect(verdict).toMatchObject({ detector: "robust z-score", isAnomaly: true, severity: "low" });
  });

  it("finds outlier after outlier, where the first hides the others from the plain z-score", () => {
    const next = gaussian(1);
    const values = [...Array.from({ length: 30 }, next), 50, ...Array.from({ length: 3 }, next), 12, next(), 11];
    const found = (method: "zScore" | "robustZScore") => {
      const detector = detectorFactory({ method, window: 30 })();
      return series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
    };
    expect(found("robustZScore")).toEqual(expect.arrayContaining([30, 34, 36]));
    expect(found("zScore")).not.toContain(34);
  });

  it("falls back to the mean deviation when most values are equal", () => {
    const detector = robust();
    for (const item of series([5, 5, 5, 5, 5, 5, 5, 5, 5, 6])) detector.push(item);
    // Median 5, MAD 0; mean absolute deviation 0.1.
    expect(detector.push(series([6])[0]!).anomaly?.score).toBeCloseTo(1 / (0.1 * Math.sqrt(Math.PI / 2)), 6);
  });

  it("gives p that is uniform for normal values, from the eleventh on", () => {
    const next = gaussian(2);
    const ps = Array.from({ length: 2000 }, () => {
      const detector = robust();
      return series(Array.from({ length: 24 }, next)).flatMap((item) => detector.push(item).anomaly?.p ?? []);
    }).flat();
    for (const level of [0.01, 0.1, 0.5]) {
      const share = ps.filter((p) => p < level).length / ps.length;
      expect(Math.abs(share / level - 1)).toBeLessThan(0.15);
    }
  });
});
