import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { gaussianEpsilon, laplaceDivergence, PrivacyAccountant, sampledGaussianDivergence } from "./accountant";

// Renyi divergences by quadrature of their definition, scipy 1.17.1: log(quad(p(x) (q(x) / p(x))**a)) / (a - 1).
describe("divergences", () => {
  it.each([
    [2, 1.1, 0.01, 0.00012851008160549932],
    [8, 1.1, 0.01, 0.000584070335520277],
    [16, 2, 0.1, 0.045291839083621964],
    [4, 1, 0.2, 0.29132308006676827],
  ])("of order %d of sampled Gaussian noise %d, one in %d", (order, noise, sampling, expected) => {
    expect(sampledGaussianDivergence(order, noise, sampling) / expected).toBeCloseTo(1, 8);
  });

  it.each([
    [2, 0.5, 0.20030389617361588],
    [8, 1, 0.9101988011774458],
    [1.5, 3, 2.426287674233104],
  ])("of order %d of Laplace noise, epsilon %d", (order, epsilon, expected) => {
    expect(laplaceDivergence(order, epsilon)).toBeCloseTo(expected, 10);
  });

  it("of Gaussian noise on everyone is a / (2 sigma^2) (Mironov 2017, Proposition 7)", () => {
    expect(sampledGaussianDivergence(10, 2, 1)).toBe(10 / 8);
  });
});

describe("PrivacyAccountant", () => {
  it("adds pure losses as they are", () => {
    const accountant = new PrivacyAccountant();
    accountant.spendLaplace(0.25, 3);
    accountant.spendLaplace(0.5);
    expect(accountant.epsilon(0)).toBe(1.25);
    expect(accountant.delta(1.25)).toBe(0);
    expect(accountant.delta(1)).toBeGreaterThan(0);
  });

  it("finds that many small pure losses are less than their sum, when delta is above 0", () => {
    const accountant = new PrivacyAccountant();
    accountant.spendLaplace(0.01, 10_000);
    expect(accountant.epsilon(0)).toBeCloseTo(100, 9);
    // Advanced composition (Dwork, Rothblum and Vadhan 2010): e sqrt(2 k ln(1/d)) + k e (exp(e) - 1) = 5.81.
    expect(accountant.epsilon(1e-5)).toBeLessThan(5.81);
  });

  it("is close to the exact epsilon of 100 Gaussian releases and never below", () => {
    // Exact by the analytic Gaussian mechanism with sigma / sqrt(100), as in gaussian.test.ts.
    const exact = 1.9930914044151204;
    const accountant = new PrivacyAccountant();
    for (let i = 0; i < 100; i++) accountant.spendGaussian({ noiseMultiplier: 20 });
    expect(accountant.epsilon(1e-5)).toBeGreaterThan(exact);
    expect(accountant.epsilon(1e-5)).toBeLessThan(exact * 1.12);
    expect(accountant.epsilon(1e-5)).toBeCloseTo(gaussianEpsilon(20, 1e-5, 100), 2);
    expect(accountant.epsilon(0)).toBe(Number.POSITIVE_INFINITY);
    expect(accountant.delta(accountant.epsilon(1e-5))).toBeCloseTo(1e-5, 9);
  });

  it("gains by sampling, and not more than sampling allows", () => {
    const of = (sampling: number): number => {
      const accountant = new PrivacyAccountant();
      accountant.spendGaussian({ noiseMultiplier: 10, sampling, releases: 100 });
      return accountant.epsilon(1e-5);
    };
    expect(of(0.01)).toBeLessThan(of(0.1));
    expect(of(0.1)).toBeLessThan(of(1));
    expect(of(1 - 1e-12)).toBeCloseTo(of(1), 1);
    expect(of(0)).toBe(0);
  });

  it("adds both kinds in any order, and continues after a restart", () => {
    const a = new PrivacyAccountant();
    a.spendLaplace(0.5);
    a.spendGaussian({ noiseMultiplier: 3, releases: 4 });
    const b = new PrivacyAccountant();
    b.spendGaussian({ noiseMultiplier: 3, releases: 4 });
    const restored = new PrivacyAccountant();
    restored.restore(throughJson(b.snapshot()));
    restored.spendLaplace(0.5);
    expect(restored.epsilon(1e-6)).toBe(a.epsilon(1e-6));
    expect(a.epsilon(1e-6)).toBeGreaterThan(gaussianEpsilon(3, 1e-6, 4));
    expect(a.epsilon(1e-6)).toBeLessThanOrEqual(gaussianEpsilon(3, 1e-6, 4) + 0.5 + 1e-3);
  });

  it("has spent nothing at the start, and refuses what is no release", () => {
    const accountant = new PrivacyAccountant();
    expect([accountant.epsilon(0), accountant.delta(0)]).toEqual([0, 0]);
    expect(() => accountant.spendGaussian({ noiseMultiplier: 0 })).toThrow("noiseMultiplier: expected a number from");
    expect(() => accountant.spendGaussian({ noiseMultiplier: 1, sampling: 1.5 })).toThrow("sampling");
    expect(() => accountant.restore({ divergences: [1], gaussian: [1] })).toThrow("divergences: expected");
  });
});
