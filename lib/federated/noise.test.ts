import { describe, expect, it } from "vitest";
import type { Contribution } from "./aggregate";
import { noisyMean, RoundAccountant } from "./noise";

const contribution = (client: string, ...delta: number[]): Contribution => ({
  client,
  weight: 1,
  delta: Float32Array.from(delta),
});

/** Largest distance between the samples' distribution and the expected one: Kolmogorov and Smirnov. */
function distance(samples: Float64Array, cdf: (x: number) => number): number {
  const sorted = samples.toSorted();
  return sorted.reduce(
    (most, x, i) => Math.max(most, Math.abs(cdf(x) - i / sorted.length), Math.abs(cdf(x) - (i + 1) / sorted.length)),
    0,
  );
}

/** Abramowitz and Stegun 7.1.26: right to 1.5e-7. */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (polynomial * Math.exp((-x * x) / 2)) / 2;
  return x > 0 ? 1 - tail : tail;
}

const laplaceCdf = (x: number): number => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2);
const N = 20_000;
/** A right implementation exceeds it once in ten million runs: 2 exp(-2 N d^2) = 1e-7. */
const MOST = Math.sqrt(Math.log(2e7) / (2 * N));

describe("the noise on a mean of deltas", () => {
  const deltas = [contribution("a", ...new Array(N).fill(1)), contribution("b", ...new Array(N).fill(3))];

  it("is Gaussian, of the clipping norm times the multiplier, over the number of clients", () => {
    const noisy = noisyMean(deltas, 4, { kind: "gaussian", multiplier: 0.5, delta: 1e-5 });
    expect(
      distance(
        noisy.map((value) => value - 2),
        (x) => normalCdf(x / 1),
      ),
    ).toBeLessThan(MOST);
  });

  it("is Laplace's, of the clipping norm over epsilon, over the number of clients", () => {
    const noisy = noisyMean(deltas, 3, { kind: "laplace", epsilon: 0.5 });
    expect(
      distance(
        noisy.map((value) => value - 2),
        (x) => laplaceCdf(x / 3),
      ),
    ).toBeLessThan(MOST);
  });
});

describe("the account of rounds", () => {
  it("adds Laplace noise's epsilons up", () => {
    const before = new RoundAccountant({ kind: "laplace", epsilon: 0.4 }, 1);
    expect(before.canAfford).toBe(true);
    const account = before.afterRound().afterRound();
    expect(before.epsilon).toBe(0);
    expect(account.epsilon).toBeCloseTo(0.8, 9);
    expect(account.canAfford).toBe(false);
  });

  it("adds Gaussian noise up far below that, by Renyi divergences, and never beyond the budget", () => {
    let account = new RoundAccountant({ kind: "gaussian", multiplier: 5, delta: 1e-5 }, 8).afterRound();
    const one = account.epsilon;
    let rounds = 1;
    for (; account.canAfford; rounds++) account = account.afterRound();
    // Mironov 2017, propositions 3 and 7: min over orders a of k a / (2 sigma^2) + log(1 / delta) / (a - 1); ours is tighter.
    const k = rounds / (2 * 5 ** 2);
    const order = 1 + Math.sqrt(Math.log(1e5) / k);
    expect(account.epsilon).toBeLessThanOrEqual(8);
    expect(account.epsilon).toBeLessThanOrEqual(k * order + Math.log(1e5) / (order - 1) + 1e-2);
    expect(account.epsilon).toBeLessThan((rounds * one) / 2);
  });

  it("goes on from its snapshot", () => {
    const account = new RoundAccountant({ kind: "gaussian", multiplier: 2, delta: 1e-5 }, undefined).afterRound();
    const restored = new RoundAccountant({ kind: "gaussian", multiplier: 2, delta: 1e-5 }, undefined);
    restored.restore(JSON.parse(JSON.stringify(account.snapshot())));
    expect(restored.afterRound().epsilon).toBe(account.afterRound().epsilon);
  });
});
