import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { detectorFactory } from "./create";
import { RecordTail } from "./record-tail";

const anomalies = (values: readonly number[], options = {}): number[] => {
  const detector = detectorFactory({ method: "range", ...options })();
  return series(values).flatMap((item, i) => (detector.push(item).anomaly?.isAnomaly ? [i] : []));
};

describe("range novelty", () => {
  it("finds values beyond all that was seen, and says where they begin", () => {
    const next = gaussian(1);
    const values = Array.from({ length: 2000 }, next);
    const detector = detectorFactory({ method: "range" })();
    for (const item of series(values)) detector.push(item);
    const verdict = detector.push(series([9])[0]!).anomaly;
    expect(verdict).toMatchObject({ isAnomaly: true, detector: "range novelty" });
    expect(verdict?.expected?.high).toBeGreaterThanOrEqual(Math.max(...values));
    expect(verdict?.expected?.high).toBeLessThan(9);
    expect(verdict?.score).toBeCloseTo(-Math.log10(verdict?.p ?? 1), 9);
  });

  it("does not call every record an anomaly: of 100 000 normal values hardly one", () => {
    const next = gaussian(2);
    expect(anomalies(Array.from({ length: 100_000 }, next)).length).toBeLessThan(10);
  });

  it("learns a record: the same value again is none", () => {
    const next = gaussian(3);
    const values = [...Array.from({ length: 500 }, next), 20, 20, 20];
    expect(anomalies(values)).toEqual([500]);
  });

  it("knows series of few digits by their step", () => {
    const next = gaussian(4);
    const values = Array.from({ length: 3000 }, () => Math.round(2 * next()) / 10);
    expect(anomalies(values)).toEqual([]);
  });

  it("finds what lies outside of the declared range from the first reading on, and never learns it", () => {
    expect(anomalies([20, 21, 400, 20, 400], { declaredLow: -40, declaredHigh: 125 })).toEqual([2, 4]);
    expect(anomalies([20, -1e9, 20], { declaredLow: 0 })).toEqual([1]);
    const detector = detectorFactory({ method: "range", declaredHigh: 5 })();
    expect(detector.push(series([7])[0]!).anomaly).toMatchObject({
      severity: "critical",
      expected: { low: 5, high: 5 },
    });
  });

  it("takes p of the next value from ranks and spacings, whatever the distribution's tail", () => {
    // Exponential values, for which the predictive tail is exact: p must be uniform below 11 / (n + 1).
    const next = gaussian(5);
    const exponential = (): number => (next() ** 2 + next() ** 2) / 2;
    const count = 200;
    const rounds = 20_000;
    let below = 0;
    for (let round = 0; round < rounds; round++) {
      const tail = new RecordTail();
      for (let i = 0; i < count; i++) tail.learn(exponential());
      if (tail.upperTail(exponential(), count, 1e-9) <= 0.005) below += 1;
    }
    expect(below / rounds / 0.005).toBeGreaterThan(0.7);
    expect(below / rounds / 0.005).toBeLessThan(1.3);
  });

  it("refuses a declared range that is none", () => {
    expect(() => detectorFactory({ method: "range", declaredLow: 5, declaredHigh: 5 })).toThrow(/^declaredLow/);
  });
});
