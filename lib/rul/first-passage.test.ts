import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstPassage, type PathState, probabilityOfApproach, quantilesOf } from "./first-passage";
import { logNormalCdf, normalQuantile } from "./normal";

const path = (over: Partial<PathState>): PathState => ({
  distance: 10,
  levelVariance: 0,
  drift: 0.5,
  driftVariance: 0,
  covariance: 0,
  diffusion: 0,
  ...over,
});

describe("normal distribution", () => {
  // scipy 1.17.1: stats.norm.logcdf(z)
  it.each([
    [-40, -804.6084420137539],
    [-21, -224.4657158314145],
    [-19, -184.36612866916096],
    [-5, -15.064998393988727],
    [-1, -1.8410216450092634],
    [0, -Math.LN2],
    [3, -0.0013508099647481925],
  ])("has the logarithm of its distribution at %f", (z, expected) => {
    expect(Math.abs(logNormalCdf(z) - expected)).toBeLessThan(1e-4);
  });

  // scipy 1.17.1: stats.norm.ppf(p)
  it.each([
    [1e-9, -5.9978070150076865],
    [0.01, -2.3263478740408408],
    [0.05, -1.6448536269514729],
    [0.5, 0],
    [0.9, 1.2815515655446004],
  ])("has its quantile at %f", (p, expected) => {
    expect(normalQuantile(p)).toBeCloseTo(expected, 4);
  });
});

describe("first passage", () => {
  // scipy 1.17.1: stats.invgauss.cdf(t, mu / lam, scale=lam) with mu = 10 / 0.5, lam = 10**2 / 0.8
  it.each([
    [5, 0.00014348716507573228],
    [10, 0.05380856758747208],
    [20, 0.5769193049750062],
    [40, 0.9767086958439304],
    [80, 0.9999666525946741],
  ])("of a known drift with Brownian motion is inverse Gaussian: at %f", (time, expected) => {
    expect(firstPassage(path({ diffusion: 0.8 }))(time)).toBeCloseTo(expected, 6);
  });

  // scipy 1.17.1: integrate.quad of the conditional probability over a normal drift above 0, N(0.5, 0.1^2), level variance 0.5
  it.each([
    [5, 0.0004483807745599399],
    [10, 0.07010598099314157],
    [20, 0.5685266686402483],
    [40, 0.9482377434890412],
  ])("of an uncertain drift and level is the average over them: at %f", (time, expected) => {
    const cdf = firstPassage(path({ diffusion: 0.8, driftVariance: 0.01, levelVariance: 0.5 }));
    expect(Math.abs(cdf(time) - expected)).toBeLessThan(0.002);
  });

  it("of a straight path with known level and drift is the time it takes", () => {
    const [low, middle, high] = quantilesOf(firstPassage(path({})), [0.05, 0.5, 0.95], 1000);
    for (const time of [low, middle, high]) expect(time).toBeCloseTo(20, 0);
  });

  it("rises from 0 to 1 and stays finite, whatever the path", () => {
    const positive = (max: number) => fc.double({ min: 0, max, noNaN: true });
    const anyPath = fc.record({
      distance: fc.double({ min: 1e-6, max: 1e3, noNaN: true }),
      levelVariance: positive(10),
      drift: fc.double({ min: -1, max: 10, noNaN: true }),
      driftVariance: positive(4),
      covariance: fc.constant(0),
      diffusion: positive(100),
    });
    fc.assert(
      fc.property(anyPath, (state) => {
        const cdf = firstPassage(state);
        const values = [1e-9, 1e-3, 1, 10, 1e3, 1e6].map(cdf);
        values.forEach((value, i) => {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
          if (i > 0) expect(value).toBeGreaterThanOrEqual((values[i - 1] as number) - 1e-3);
        });
      }),
    );
  });

  it("says that a path which has arrived is there, and that one which moves away may never be", () => {
    expect(quantilesOf(firstPassage(path({ distance: -1 })), [0.05, 0.5, 0.95], 100)).toEqual([0, 0, 0]);
    expect(quantilesOf(firstPassage(path({ drift: 0 })), [0.5], 100)).toEqual([Number.POSITIVE_INFINITY]);
    expect(probabilityOfApproach(path({ drift: 1, driftVariance: 1 }))).toBeCloseTo(0.8413, 4);
    expect(probabilityOfApproach(path({ drift: -1 }))).toBe(0);
  });
});
