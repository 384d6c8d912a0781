import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kolmogorovSmirnov, seededBits } from "../../test/support/random-bits";
import { addLaplaceNoise, discreteLaplace, LaplaceMechanism, laplaceVectorGrid, randomisedResponse } from "./laplace";
import { bernoulliExp, secureBits, uniformBelow } from "./random";

const many = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);
const laplaceCdf = (scale: number) => (x: number) =>
  x < 0 ? 0.5 * Math.exp(x / scale) : 1 - 0.5 * Math.exp(-x / scale);

describe("random bits", () => {
  it("are never used twice and fill all 32 bits", () => {
    const bits = secureBits();
    const drawn = many(5000, bits);
    expect(new Set(drawn).size).toBeGreaterThan(4990);
    for (let bit = 0; bit < 32; bit++) {
      const ones = drawn.filter((word) => (word >>> bit) & 1).length;
      expect(Math.abs(ones - 2500)).toBeLessThan(250); // 7 standard deviations
    }
  });

  it("make whole numbers that are all equally likely, also beyond 32 bits", () => {
    const bits = seededBits(1);
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 60_000; i++) counts[uniformBelow(6, bits)]! += 1;
    // Pearson's chi-squared with 5 degrees of freedom: 20.5 is exceeded once in a thousand.
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(20.5);
    const wide = many(20_000, () => uniformBelow(2 ** 50, bits) / 2 ** 50);
    expect(kolmogorovSmirnov(wide, (x) => x)).toBeLessThan(1.63);
  });

  it.each([
    [0, 1],
    [1, 4],
    [1, 1],
    [7, 3],
  ])("are true with probability exp(-%d/%d)", (n, d) => {
    const bits = seededBits(n + 10 * d);
    const p = Math.exp(-n / d);
    const trues = many(50_000, () => Number(bernoulliExp(n, d, bits))).reduce((sum, x) => sum + x, 0);
    expect(Math.abs(trues - 50_000 * p)).toBeLessThanOrEqual(3.5 * Math.sqrt(50_000 * p * (1 - p)));
  });
});

describe("discreteLaplace", () => {
  it("has the probabilities of the formula", () => {
    // P(x) = (e^(1/b) - 1) / (e^(1/b) + 1) e^(-|x|/b), scale b = t/s: Canonne, Kamath and Steinke 2020, definition 16.
    const bits = seededBits(3);
    const scale = 5 / 2;
    const n = 100_000;
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const x = discreteLaplace(5, 2, bits);
      counts.set(x, (counts.get(x) ?? 0) + 1);
    }
    const top = (Math.exp(1 / scale) - 1) / (Math.exp(1 / scale) + 1);
    for (let x = -8; x <= 8; x++) {
      const p = top * Math.exp(-Math.abs(x) / scale);
      expect(Math.abs((counts.get(x) ?? 0) - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)));
    }
  });
});

describe("LaplaceMechanism", () => {
  it.each([
    [0.1, -10, 30, 1],
    [1, 0, 1, 1],
    [4, 35, 42, 1],
    [0.5, 0, 100, 20],
  ])(
    "adds Laplace noise of scale (high - low) / (epsilon count): epsilon %d, %d to %d, %d values",
    (epsilon, low, high, count) => {
      const mechanism = new LaplaceMechanism({ epsilon, low, high, count, bits: seededBits(7) });
      const values = Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 1)) / (count + 2));
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      const scale = (high - low) / (epsilon * count);
      const noise = many(20_000, () => mechanism.release(values) - mean);
      expect(kolmogorovSmirnov(noise, laplaceCdf(scale))).toBeLessThan(1.63);
      expect(mechanism.noiseStd).toBeCloseTo(Math.SQRT2 * scale, 2);
      expect(mechanism.noiseStd).toBeGreaterThanOrEqual(Math.SQRT2 * scale * (1 - 1e-12));
    },
  );

  it("gives the same set of outputs whatever the value: no output proves an input", () => {
    // The attack of Mironov 2012 looks for doubles that only one of two inputs can produce.
    const outputs = (value: number): Set<number> => {
      const mechanism = new LaplaceMechanism({ epsilon: 1000, low: 0, high: 1, bits: seededBits(11) });
      return new Set(many(4000, () => mechanism.release([value])));
    };
    const step = 1 / (4096 * 1000);
    for (const value of [0, 0.1, 1 / 3, 0.5, 1]) {
      for (const output of outputs(value)) expect(output).toBe(step * Math.round(output / step));
    }
  });

  it("moves values beyond the bounds to them, infinite ones too", () => {
    const released = (value: number): number =>
      new LaplaceMechanism({ epsilon: 1, low: 0, high: 10, bits: seededBits(5) }).release([value]);
    expect(released(1e6)).toBe(released(10));
    expect(released(Number.NEGATIVE_INFINITY)).toBe(released(0));
    expect(() => released(Number.NaN)).toThrow("expected a number, got NaN");
  });

  it("gives finite numbers for any bounds and epsilon it accepts", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e9, max: 1e9, noNaN: true }),
        fc.double({ min: 1, max: 1e9, noNaN: true }),
        fc.double({ min: 1e-6, max: 1000, noNaN: true }),
        fc.double({ min: -1e9, max: 2e9, noNaN: true }),
        (low, width, epsilon, value) => {
          const mechanism = new LaplaceMechanism({ epsilon, low, high: low + width, bits: seededBits(1) });
          expect(Number.isFinite(mechanism.release([value]))).toBe(true);
        },
      ),
    );
  });

  it.each([
    [{ epsilon: 0 }, "epsilon: expected a number from 0.000001 to 1000, got 0"],
    [{ epsilon: Number.NaN }, "epsilon"],
    [{ high: 0 }, "bounds: expected a low bound below the high one, got 0 and 0"],
    [{ low: Number.NEGATIVE_INFINITY }, "bounds: expected numbers, got -Infinity and 1"],
    [{ count: 0 }, "count: expected a whole number from 1"],
  ])("refuses %j", (over, reason) => {
    expect(() => new LaplaceMechanism({ epsilon: 1, low: 0, high: 1, ...over })).toThrow(reason);
  });

  it("wants as many values as it was made for", () => {
    const mechanism = new LaplaceMechanism({ epsilon: 1, low: 0, high: 1, count: 3 });
    expect(() => mechanism.release([1, 2])).toThrow("expected 3 values, got 2");
  });
});

describe("randomisedResponse", () => {
  it("keeps the truth with probability e^epsilon / (1 + e^epsilon)", () => {
    const bits = seededBits(9);
    const p = Math.exp(1.5) / (1 + Math.exp(1.5));
    const kept = many(50_000, () => Number(randomisedResponse(true, 1.5, bits))).reduce((sum, x) => sum + x, 0);
    expect(Math.abs(kept - 50_000 * p)).toBeLessThan(3.5 * Math.sqrt(50_000 * p * (1 - p)));
  });
});

describe("addLaplaceNoise", () => {
  it("adds it to every number of a vector", () => {
    const vector = new Float64Array(20_000).fill(1e3);
    addLaplaceNoise(vector, 0.25, seededBits(2));
    expect(
      kolmogorovSmirnov(
        [...vector].map((x) => x - 1e3),
        laplaceCdf(0.25),
      ),
    ).toBeLessThan(1.63);
  });

  it("is enough for vectors that are as far apart as they may be, rounding included", () => {
    const bits = seededBits(8);
    for (const [length, epsilon] of [
      [1, 1],
      [1000, 0.001],
      [100_000, 1],
    ] as const) {
      const clip = 2;
      const { step, t } = laplaceVectorGrid(clip / epsilon, length);
      const [a, b] = [new Float64Array(length), new Float64Array(length)];
      for (let i = 0; i < length; i++) {
        // Just beside a rounding edge, on either side of it, and all of the allowed distance used up.
        const edge = (Math.round((bits() / 2 ** 32) * 1000) + 0.5) * step;
        a[i] = edge - step * 1e-3;
        b[i] = edge + step * 1e-3 + clip / length;
      }
      const apart = a.reduce(
        (sum, x, i) => sum + Math.abs(Math.round(x / step) - Math.round((b[i] as number) / step)),
        0,
      );
      expect(apart / t).toBeLessThanOrEqual(epsilon);
    }
  });
});
