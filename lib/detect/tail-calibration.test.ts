import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, throughJson } from "../../test/support/series";
import { TailCalibration } from "./tail-calibration";

/** Uniform from 0 to 1, of normal deviates: exp(-(a^2 + b^2) / 2) is. */
function uniform(seed: number): () => number {
  const next = gaussian(seed);
  return () => Math.exp(-(next() ** 2 + next() ** 2) / 2);
}

/** Distributions with their upper tails, in closed form, and by how much p may be too large: no tail is believed to end. */
const DISTRIBUTIONS: Record<string, { draw: (u: number) => number; tail: (x: number) => number; most: number }> = {
  exponential: { draw: (u) => -Math.log(u), tail: (x) => Math.exp(-x), most: 1.6 },
  "Pareto, shape 4": { draw: (u) => u ** -0.25, tail: (x) => x ** -4, most: 1.6 },
  Weibull: { draw: (u) => (-Math.log(u)) ** 0.5, tail: (x) => Math.exp(-(x ** 2)), most: 1.6 },
  uniform: { draw: (u) => 1 - u, tail: (x) => 1 - x, most: 3 },
};

function calibrated(values: readonly number[], window = 1000): TailCalibration {
  const calibration = new TailCalibration(window);
  for (const value of values) calibration.learn(value);
  return calibration;
}

describe("tail calibration", () => {
  it.each(Object.entries(DISTRIBUTIONS))(
    "tells the tail of a distribution it was not told: %s",
    (_, { draw, tail, most }) => {
      const next = uniform(1);
      const trials = Array.from({ length: 40 }, () => calibrated(Array.from({ length: 1000 }, () => draw(next()))));
      for (const p of [0.2, 0.03, 0.003]) {
        const x = bisect(tail, p);
        const mean = trials.reduce((sum, trial) => sum + trial.upperTail(x, 0), 0) / trials.length;
        expect(mean / p, `p ${p}`).toBeGreaterThan(0.7);
        expect(mean / p, `p ${p}`).toBeLessThan(most);
      }
    },
  );

  it("gives new values small p no more often than it says", () => {
    const next = uniform(2);
    const calibration = calibrated(Array.from({ length: 1000 }, () => -Math.log(next())));
    const counts = { 0.01: 0, 0.001: 0 };
    const rounds = 50_000;
    for (let round = 0; round < rounds; round++) {
      const value = -Math.log(next());
      const p = calibration.upperTail(value, 0);
      if (p <= 0.01) counts[0.01] += 1;
      if (p <= 0.001) counts[0.001] += 1;
      calibration.learn(value);
    }
    expect(counts[0.01] / rounds).toBeLessThan(0.013);
    expect(counts[0.001] / rounds).toBeLessThan(0.002);
  });

  it("has quantiles that its tail leads back from", () => {
    const values = fc.array(finite(0, 1e3), { minLength: 100, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.double({ min: 1e-9, max: 0.03, noNaN: true }), (all, p) => {
        const calibration = calibrated(all);
        expect(calibration.upperTail(calibration.quantile(p, 1e-6), 1e-6) / p).toBeCloseTo(1, 6);
      }),
    );
  });

  it("falls as x grows and is never 0", () => {
    const next = uniform(3);
    const calibration = calibrated(Array.from({ length: 500 }, next));
    let before = 1;
    for (let x = 0; x < 3; x += 0.01) {
      const p = calibration.upperTail(x, 1e-9);
      expect(p).toBeLessThanOrEqual(before + 1e-12);
      expect(p).toBeGreaterThan(0);
      before = p;
    }
  });

  it("takes the told scale for the spread of values that are all the same", () => {
    const calibration = calibrated(new Array(200).fill(5));
    expect(calibration.upperTail(5, 1)).toBeGreaterThan(0.4);
    expect(calibration.upperTail(6, 1)).toBeCloseTo(0.05 * Math.exp(-1), 12);
    expect(calibration.upperTail(6, 1e-6)).toBeLessThan(1e-100);
  });

  it("tells what double precision would tell, to a millionth", () => {
    const next = uniform(5);
    for (const [height, spread] of [
      [0, 1],
      [0, 1e-12],
      [0, 1e12],
      [3, 1e-3],
    ] as const) {
      const values = Array.from({ length: 700 }, () => height - spread * Math.log(next()));
      const calibration = calibrated(values);
      for (let i = 0; i < 50; i++) {
        const x = height - 1.5 * spread * Math.log(next());
        const exact = exactTail(values, x);
        // A rank is one of 700: rounding may put a value on the other side of its neighbour.
        expect(Math.abs(calibration.upperTail(x, 0) / exact - 1)).toBeLessThan(
          exact > 0.05 ? 0.02 : 1e-3 * (1 + height),
        );
      }
    }
  });

  it("does not take the rounding of large errors of one size for news", () => {
    const next = gaussian(6);
    const calibration = calibrated(Array.from({ length: 1000 }, () => 1000 + 1e-6 * next()));
    for (let i = 0; i < 1000; i++) expect(calibration.upperTail(1000 + 1e-6 * next(), 1e-10)).toBeGreaterThan(1e-3);
  });

  it("forgets what is older than its window, and survives a restart", () => {
    const next = uniform(4);
    const calibration = calibrated([...new Array(300).fill(1e6), ...Array.from({ length: 200 }, next)], 200);
    expect(calibration.upperTail(2, 1e-9)).toBeLessThan(0.01);
    const restored = new TailCalibration(200);
    restored.restore(throughJson(calibration.snapshot()));
    expect(restored.upperTail(0.99, 0)).toBe(calibration.upperTail(0.99, 0));
  });
});

/** The same formulas on sorted doubles. */
function exactTail(values: readonly number[], x: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const size = Math.floor(0.05 * sorted.length);
  const from = sorted[sorted.length - size - 1] as number;
  if (x <= from) return (sorted.filter((value) => value > x).length + 0.5) / (sorted.length + 1);
  const excesses = sorted.slice(-size).map((value) => value - from);
  const mean = excesses.reduce((sum, excess) => sum + excess, 0) / size;
  const weighted = excesses.reduce((sum, excess, i) => sum + excess * (1 - (i + 0.65) / size), 0) / size;
  const shape = Math.min(Math.max(2 - mean / (mean - 2 * weighted), 0), 0.9);
  const scale = mean * (1 - shape);
  const beyond = shape === 0 ? Math.exp(-(x - from) / scale) : (1 + (shape * (x - from)) / scale) ** (-1 / shape);
  return (size / sorted.length) * beyond;
}

function bisect(tail: (x: number) => number, p: number): number {
  let [low, high] = [0, 1e3];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > p) low = middle;
    else high = middle;
  }
  return low;
}
