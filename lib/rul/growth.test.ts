import { describe, expect, it } from "vitest";
import { acceleratingGrowths, exponentialGrowth, powerGrowth, STEADY } from "./growth";

describe("laws of growing wear", () => {
  it("are what their formulas say: ((1 + k t)^(p + 1) - 1) / ((p + 1) k) and (exp(k t) - 1) / k, at speed 1 at the reference", () => {
    expect(STEADY.duration(5, 7)).toBe(7);
    const [k, reference, age, time] = [0.1, 3, 4, 6];
    const parabola = (t: number): number => t + (k * t * t) / 2;
    expect(powerGrowth(1, k, reference).duration(age, time)).toBeCloseTo(
      (parabola(age + time) - parabola(age)) / (1 + k * reference),
      12,
    );
    const fifth = (t: number): number => (1 + k * t) ** 5 / (5 * k);
    expect(powerGrowth(4, k, reference).duration(age, time)).toBeCloseTo(
      (fifth(age + time) - fifth(age)) / (1 + k * reference) ** 4,
      12,
    );
    const exponential = (t: number): number => Math.expm1(k * t) / k;
    expect(exponentialGrowth(k, reference).duration(age, time)).toBeCloseTo(
      (exponential(age + time) - exponential(age)) / Math.exp(k * reference),
      12,
    );
  });

  it("add up, start at nothing, rise, and stay finite however far they are followed", () => {
    const { powers, exponential } = acceleratingGrowths(20);
    for (const { duration } of [...powers.flat(), ...exponential]) {
      expect(duration(10, 0)).toBe(0);
      expect(duration(10, 3) + duration(13, 4)).toBeCloseTo(duration(10, 7), 9);
      expect(duration(20, 1e-6) / 1e-6).toBeCloseTo(1, 4);
      const far = [1, 1e3, 1e6, 1e300].map((time) => duration(1e3, time));
      expect(far.every(Number.isFinite)).toBe(true);
      expect(far).toEqual([...far].sort((a, b) => a - b));
    }
  });
});
