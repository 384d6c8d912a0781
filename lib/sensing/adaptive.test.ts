import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AdaptiveInterval } from "./adaptive";

const minute = () => new AdaptiveInterval({ normalMs: 60_000, fastMs: 5000 });

describe("the adaptive interval", () => {
  it("is fast after two anomalies in a row, and back by a factor of 1.5", () => {
    const interval = minute();
    expect(interval.judge(true)).toBe(false);
    expect(interval.judge(false)).toBe(false);
    expect(interval.judge(true)).toBe(false);
    expect(interval.ms).toBe(60_000);
    expect(interval.judge(true)).toBe(true);
    expect(interval).toMatchObject({ ms: 5000, isFast: true });
    const back = Array.from({ length: 8 }, () => {
      interval.judge(false);
      return interval.ms;
    });
    expect(back).toEqual([7500, 11_250, 16_875, 25_312.5, 37_968.75, 56_953.125, 60_000, 60_000]);
    expect(interval.isFast).toBe(false);
  });

  it("does not grow at a single anomaly on the way back", () => {
    const interval = minute();
    for (const isAnomalous of [true, true, false, true]) interval.judge(isAnomalous);
    expect(interval.ms).toBe(7500);
  });

  it("stays between fast and normal whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200, size: "max" }), (verdicts) => {
        const interval = minute();
        for (const verdict of verdicts) {
          const before = interval.ms;
          const isSooner = interval.judge(verdict);
          expect(isSooner).toBe(interval.ms < before);
          expect(interval.ms).toBeGreaterThanOrEqual(5000);
          expect(interval.ms).toBeLessThanOrEqual(60_000);
        }
      }),
    );
  });

  it("refuses a fast interval that is not", () => {
    expect(() => new AdaptiveInterval({ normalMs: 1000, fastMs: 2000 })).toThrow(RangeError);
    expect(() => new AdaptiveInterval({ normalMs: 1000, fastMs: 0 })).toThrow(RangeError);
  });
});
