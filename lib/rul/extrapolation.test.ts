import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian, throughJson } from "../../test/support/series";
import { type SimulatedLife, simulatedLife, type WearOptions } from "../../test/support/wear";
import type { LifeVerdict } from "./estimate";
import { type Extrapolation, type ExtrapolationOptions, extrapolationFactory } from "./extrapolation";

const OPTIONS = { failure: 10 } as const;
const WEAR: WearOptions = {
  shape: "exponential",
  errors: "independent",
  healthy: 80,
  life: 150,
  differ: 0.35,
  noise: 0.05,
};

function verdictAt(life: SimulatedLife, share: number, options: Partial<ExtrapolationOptions> = {}) {
  const estimator = extrapolationFactory({ ...OPTIONS, ...options })();
  const at = Math.floor(life.begun + share * (life.failure - life.begun));
  for (let hour = 0; hour <= at && hour < life.values.length; hour++) estimator.push(life.values[hour] as number, hour);
  return { verdict: estimator.verdict(), truth: life.failure - at };
}

interface Tally {
  claims: number;
  covered: number;
  errors: number[];
}

function tally(options: WearOptions, share: number, lives: number): Tally {
  const next = gaussian(20_050_405);
  const result: Tally = { claims: 0, covered: 0, errors: [] };
  for (let i = 0; i < lives; i++) {
    const { verdict, truth } = verdictAt(simulatedLife(next, options), share);
    if (!verdict.life) continue;
    const { hours, low, high = Number.POSITIVE_INFINITY } = verdict.life;
    result.claims += 1;
    if (low <= truth && truth <= high) result.covered += 1;
    result.errors.push(Math.abs(hours - truth));
  }
  return result;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("extrapolation", () => {
  it("covers the true life about nine times in ten, over exponential wear with independent and with Brownian errors", () => {
    const LIVES = 40;
    const all = (["independent", "brownian"] as const).flatMap((errors) =>
      [0.5, 0.7, 0.9].map((share) => tally({ ...WEAR, errors }, share, LIVES)),
    );
    const claims = all.reduce((sum, one) => sum + one.claims, 0);
    const coverage = all.reduce((sum, one) => sum + one.covered, 0) / claims;
    expect(claims).toBeGreaterThan(0.7 * 6 * LIVES);
    // The two error models are not told apart for certain, which makes the intervals somewhat too wide and not too narrow.
    expect(coverage).toBeGreaterThan(0.86);
    expect(coverage).toBeLessThan(0.995);
  });

  it("is less and less wrong as failure nears", () => {
    for (const shape of ["exponential", "linear"] as const) {
      const wear = { ...WEAR, shape, noise: shape === "linear" ? 0.4 : 0.05 };
      const [early, late] = [0.3, 0.9].map((share) => mean(tally(wear, share, 25).errors)) as [number, number];
      expect(late).toBeLessThan(0.5 * early);
      expect(late).toBeLessThan(5);
    }
  });

  it("claims nothing of a healthy device over a year of hourly readings", () => {
    const next = gaussian(11);
    const estimator = extrapolationFactory(OPTIONS)();
    const phases = new Set<string>();
    for (let hour = 0; hour < 8760; hour++) {
      estimator.push(1 + 0.05 * next(), hour);
      if (hour > 100) phases.add(estimator.verdict().phase);
    }
    expect([...phases]).toEqual(["healthy"]);
  });

  it("claims nothing while it learns, nor from a constant series, nor of a single spike", () => {
    const estimator = extrapolationFactory(OPTIONS)();
    for (let hour = 0; hour < 49; hour++) estimator.push(1, hour);
    expect(estimator.verdict()).toEqual({ phase: "learning" });
    for (let hour = 49; hour < 200; hour++) estimator.push(1, hour);
    expect(estimator.verdict()).toEqual({ phase: "healthy" });
    estimator.push(1000, 200);
    for (let hour = 201; hour < 240; hour++) estimator.push(1, hour);
    expect(estimator.verdict()).toEqual({ phase: "healthy" });
  });

  it("is healthy again after a repair", () => {
    const life = simulatedLife(gaussian(3), WEAR);
    const estimator = extrapolationFactory(OPTIONS)();
    life.values.forEach((value, hour) => {
      estimator.push(value, hour);
    });
    expect(estimator.verdict().phase).toBe("predicted");
    const next = gaussian(4);
    for (let i = 0; i < 100; i++) estimator.push(Math.exp(0.05 * next()), life.values.length + i);
    expect(estimator.verdict()).toEqual({ phase: "healthy" });
  });

  it("says 0 h once the failure value is passed", () => {
    const estimator = extrapolationFactory(OPTIONS)();
    for (let hour = 0; hour < 60; hour++) estimator.push(1 + 0.01 * (hour % 3), hour);
    for (let hour = 60; hour < 90; hour++) estimator.push(1 + (hour - 60) * 0.5, hour);
    expect(estimator.verdict().life?.hours).toBe(0);
  });

  it("gives the same for a falling figure, at an offset of 1e9, and in other units of time", () => {
    const next = gaussian(8);
    const wear = Array.from({ length: 160 }, (_, i) => Math.max(0, i - 80) / 100 + 0.02 * next());
    const claim = (values: readonly number[], failure: number, hoursOf = (i: number) => i): number => {
      const estimator = extrapolationFactory({ failure, shape: "linear", horizon: 1e6 })();
      values.forEach((value, i) => {
        estimator.push(value, hoursOf(i));
      });
      return estimator.verdict().life?.hours ?? Number.NaN;
    };
    const usual = claim(wear, 1);
    expect(usual).toBeGreaterThan(10);
    expect(
      claim(
        wear.map((value) => 1 - value),
        0,
      ),
    ).toBeCloseTo(usual, 1);
    expect(
      claim(
        wear.map((value) => 1e9 + value),
        1e9 + 1,
      ),
    ).toBeCloseTo(usual, 1);
    // Quantiles are found to half a percent.
    expect(Math.abs(claim(wear, 1, (i) => i * 24) / 24 / usual - 1)).toBeLessThan(0.005);
  });

  it("takes gaps in time for what they are", () => {
    const next = gaussian(9);
    const estimator = extrapolationFactory({ ...OPTIONS, shape: "linear" })();
    const wear = (hour: number): number => 1 + (9 * Math.max(0, hour - 80)) / 200 + 0.1 * next();
    for (let hour = 0; hour < 140; hour++) estimator.push(wear(hour), hour);
    for (let hour = 200; hour < 220; hour++) estimator.push(wear(hour), hour);
    const { hours = 0 } = estimator.verdict().life ?? {};
    expect(Math.abs(hours - 61)).toBeLessThan(8);
  });

  it("does without the early part when a usual life is known, and is surer with it", () => {
    const life = simulatedLife(gaussian(21), { ...WEAR, errors: "brownian", differ: 0 });
    const width = ({ life: claim }: LifeVerdict): number => (claim?.high ?? 1e9) - (claim?.low ?? 0);
    const vague = verdictAt(life, 0.4).verdict;
    const informed = verdictAt(life, 0.4, { typicalLife: 150, typicalSpread: 20 }).verdict;
    expect(informed.phase).toBe("predicted");
    expect(width(informed)).toBeLessThan(width(vague));
  });

  it("says what is wrong when failure cannot be told from normal", () => {
    const next = gaussian(2);
    const estimator = extrapolationFactory({ failure: 1.1 })();
    for (let hour = 0; hour < 100; hour++) estimator.push(1 + 0.1 * next(), hour);
    expect(estimator.verdict().problem).toContain("the failure value 1.1 lies among the normal values");
  });

  it.each([
    [{ baseline: 5 }, "baseline: expected a whole number from 10 to 10000, got 5"],
    [{ horizon: 0 }, "horizon: expected a number above 0"],
    [{ failure: Number.NaN }, "failure: expected a number"],
  ])("refuses %j", (options, message) => {
    expect(() => extrapolationFactory({ ...OPTIONS, ...options })).toThrow(message);
  });

  it("continues from a snapshot as if it had never stopped, wherever that was taken", () => {
    const life = simulatedLife(gaussian(5), WEAR);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: life.values.length - 1 }), (stop) => {
        const whole = extrapolationFactory(OPTIONS)();
        let resumed: Extrapolation = extrapolationFactory(OPTIONS)();
        life.values.forEach((value, hour) => {
          whole.push(value, hour);
          resumed.push(value, hour);
          if (hour !== stop) return;
          const state = throughJson(resumed.snapshot());
          resumed = extrapolationFactory(OPTIONS)();
          resumed.restore(state);
        });
        expect(resumed.verdict()).toEqual(whole.verdict());
      }),
      { numRuns: 25 },
    );
  });

  it("goes on from what was saved before wear could accelerate, with the shapes that were known then", () => {
    const life = simulatedLife(gaussian(5), WEAR);
    const estimator = extrapolationFactory(OPTIONS)();
    life.values.slice(0, -20).forEach((value, hour) => {
      estimator.push(value, hour);
    });
    const {
      shown: _,
      age: __,
      ...state
    } = throughJson(estimator.snapshot()) as { banks: unknown[]; [name: string]: unknown };
    const resumed = extrapolationFactory(OPTIONS)();
    resumed.restore({ ...state, banks: state.banks.slice(0, 3) });
    life.values.slice(-20).forEach((value, i) => {
      resumed.push(value, life.values.length - 20 + i);
    });
    expect(resumed.verdict().phase).toBe("predicted");
    expect(resumed.verdict().life?.hours).toBeLessThan(20);
  });

  it("does not take a state of another kind", () => {
    expect(() => extrapolationFactory(OPTIONS)().restore({ pathLength: "many" })).toThrow("pathLength");
  });
});
