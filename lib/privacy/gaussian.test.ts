import { describe, expect, it } from "vitest";
import { kolmogorovSmirnov, seededBits } from "../../test/support/random-bits";
import { gaussianEpsilon } from "./accountant";
import { clipL2 } from "./clip";
import { addGaussianNoise, discreteGaussian, GaussianMechanism, gaussianSigma } from "./gaussian";

/** Normal distribution function by Abramowitz and Stegun 26.2.17, right to 7.5e-8. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (poly * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  return x > 0 ? 1 - tail : tail;
}

describe("discreteGaussian", () => {
  it("has the probabilities of the formula", () => {
    const bits = seededBits(21);
    const n = 100_000;
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const x = discreteGaussian(2, bits);
      counts.set(x, (counts.get(x) ?? 0) + 1);
    }
    const weight = (x: number): number => Math.exp((-x * x) / 8);
    let total = 0;
    for (let x = -40; x <= 40; x++) total += weight(x);
    for (let x = -5; x <= 5; x++) {
      const p = weight(x) / total;
      expect(Math.abs((counts.get(x) ?? 0) - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)));
    }
  });
});

describe("gaussianSigma", () => {
  // Exact values of the analytic Gaussian mechanism (Balle and Wang 2018, eq. 6), scipy 1.17.1:
  // brentq(lambda e: norm.cdf(1/(2*s) - e*s) - exp(e)*norm.cdf(-1/(2*s) - e*s) - delta, 0, 500)
  it.each([
    [1, 1e-5, 4.377178095681225],
    [4, 1e-6, 1.0607018623282736],
    [0.5, 1e-5, 9.997256146434303],
  ])("of noise %d at delta %d is above the exact epsilon, and by little", (sigma, delta, exact) => {
    const epsilon = gaussianEpsilon(sigma, delta);
    expect(epsilon).toBeGreaterThan(exact);
    expect(epsilon).toBeLessThan(exact * 1.12);
    expect(gaussianSigma(epsilon, delta)).toBeCloseTo(sigma, 6);
  });

  it("is in proportion to the sensitivity", () => {
    expect(gaussianSigma(1, 1e-5, 3)).toBeCloseTo(3 * gaussianSigma(1, 1e-5), 9);
    expect(() => gaussianSigma(1, 0)).toThrow("delta: expected a number from");
  });
});

describe("Gaussian noise", () => {
  it("of the mechanism is normal and clamped to the bounds before", () => {
    const mechanism = new GaussianMechanism({
      epsilon: 1,
      delta: 1e-5,
      low: 20,
      high: 40,
      count: 2,
      bits: seededBits(4),
    });
    const noise = Array.from({ length: 20_000 }, () => mechanism.release([25, 99]) - 32.5);
    expect(kolmogorovSmirnov(noise, (x) => normalCdf(x / mechanism.noiseStd))).toBeLessThan(1.63);
    expect(mechanism.noiseStd).toBeCloseTo((gaussianSigma(1, 1e-5) * 20) / 2, 2);
    expect(gaussianEpsilon(mechanism.noiseMultiplier, 1e-5)).toBeLessThanOrEqual(1);
  });

  it("on a vector is normal", () => {
    const vector = new Float64Array(20_000).fill(-5);
    addGaussianNoise(vector, 3, seededBits(8));
    expect(
      kolmogorovSmirnov(
        [...vector].map((x) => x + 5),
        (x) => normalCdf(x / 3),
      ),
    ).toBeLessThan(1.63);
  });
});

describe("clipL2", () => {
  it("shortens what is longer and leaves the rest", () => {
    const long = Float64Array.of(3, 4);
    expect(clipL2(long, 1)).toBe(5);
    expect([...long]).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.8, 12)]);
    const short = Float64Array.of(0.3, 0.4);
    clipL2(short, 1);
    expect([...short]).toEqual([0.3, 0.4]);
  });

  it("never leaves more than the norm, not even by rounding, and nothing of what is no number", () => {
    const bits = seededBits(6);
    for (let round = 0; round < 200; round++) {
      const vector = Float32Array.from({ length: 50 }, () => (bits() / 2 ** 32 - 0.5) * 10 ** (round % 30));
      clipL2(vector, 0.1);
      expect(Math.hypot(...vector)).toBeLessThanOrEqual(0.1 * (1 + 1e-12));
    }
    const huge = Float64Array.of(1e300, -1e300);
    clipL2(huge, 1);
    expect(Math.hypot(...huge)).toBeCloseTo(1, 9);
    const broken = Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY);
    clipL2(broken, 1);
    expect([...broken]).toEqual([0, 0, 0]);
  });
});
