import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accuracy,
  areaUnderCurve,
  confusion,
  coverage,
  f1Of,
  macroF1,
  meanAbsoluteError,
  phm08Score,
  rmse,
  rSquared,
} from "./metrics";

describe("errors of regressions", () => {
  it("are those of the definition", () => {
    expect(rmse([1, 2, 6], [1, 4, 2])).toBeCloseTo(Math.sqrt(20 / 3), 12);
    expect(meanAbsoluteError([1, 2, 6], [1, 4, 2])).toBe(2);
    expect(rSquared([2, 2, 2], [1, 2, 3])).toBe(0);
    expect(rSquared([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(coverage([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 2, -1])).toBe(0.5);
  });

  it("of remaining life punish late predictions more than early ones", () => {
    // Saxena 2008: exp(-d/13) - 1 for early, exp(d/10) - 1 for late predictions.
    expect(phm08Score([87], [100])).toBeCloseTo(Math.E - 1, 12);
    expect(phm08Score([110], [100])).toBeCloseTo(Math.E - 1, 12);
    expect(phm08Score([100, 110, 87], [100, 100, 100])).toBeCloseTo(2 * (Math.E - 1), 12);
  });
});

describe("area under the curve", () => {
  it("is that of a worked example", () => {
    // Pairs of positive (0.35, 0.8) and negative (0.1, 0.4): three of four in order.
    expect(areaUnderCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(areaUnderCurve([1, 1, 1], [0, 1, 0])).toBe(0.5);
    expect(areaUnderCurve([1, 2], [1, 1])).toBeNaN();
  });

  it("equals the share of pairs in order, ties half", () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), {
      minLength: 2,
    });
    fc.assert(
      fc.property(samples, (list) => {
        const positives = list.filter(([, truth]) => truth === 1);
        const negatives = list.filter(([, truth]) => truth === 0);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let sum = 0;
        for (const [p] of positives) for (const [n] of negatives) sum += p > n ? 1 : p === n ? 0.5 : 0;
        const scores = list.map(([score]) => score);
        const truths = list.map(([, truth]) => truth);
        expect(areaUnderCurve(scores, truths)).toBeCloseTo(sum / positives.length / negatives.length, 10);
      }),
    );
  });
});

describe("classes", () => {
  it("are counted, and summed up by accuracy and F1", () => {
    const counts = confusion([0, 1, 1, 1, 0, 2], [0, 1, 0, 1, 1, 2], 3);
    expect(counts).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [0, 0, 1],
    ]);
    expect(accuracy(counts)).toBeCloseTo(4 / 6, 12);
    expect(f1Of(counts, 1)).toBeCloseTo(2 / 3, 12);
    expect(macroF1(counts)).toBeCloseTo((0.5 + 2 / 3 + 1) / 3, 12);
    expect(
      f1Of(
        [
          [1, 0],
          [0, 0],
        ],
        1,
      ),
    ).toBe(0);
  });
});
