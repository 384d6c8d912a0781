import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, twoPass } from "../../test/support/series";
import { commonScale, declaredScale, momentsOf, standardised } from "./scale";

const rowsOf = (values: readonly number[]): Float64Array => Float64Array.from(values);
const offsets = fc.constantFrom(0, 1e9, -1e9);
const clients = fc.array(fc.array(finite(-5, 5), { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 });

describe("the common scale", () => {
  it("is that of all rows together, also around 1e9, in whatever order the clients' moments come", () => {
    fc.assert(
      fc.property(clients, offsets, (groups, offset) => {
        const moved = groups.map((values) => values.map((value) => value + offset));
        const moments = moved.map((values) => momentsOf(rowsOf(values), 1));
        const scale = commonScale(moments, "number", false);
        const all = moved.flat();
        const { mean, std } = twoPass(all);
        const population = std * Math.sqrt((all.length - 1) / all.length);
        expect(scale.mean[0]).toBeCloseTo(mean, 5);
        if (population > 1e-5) expect(scale.deviation[0]).toBeCloseTo(population, 5);
        expect(commonScale(moments.toReversed(), "number", false)).toEqual(scale);
      }),
    );
  });

  it("of columns that stand still is 1, so that nothing is divided by 0", () => {
    expect(commonScale([momentsOf(rowsOf([7, 7, 7]), 1)], "number", false)).toEqual({ mean: [7], deviation: [1] });
  });

  it("made robust is not moved by one client in three", () => {
    const honest = { rows: 10, mean: [5, 5], deviation: [2, 2] };
    const liar = { rows: 1e9, mean: [1e99, -1e99], deviation: [1e99, 0] };
    expect(commonScale([honest, liar, honest], "number", true)).toEqual({ mean: [5, 5], deviation: [2, 2] });
  });
});

describe("standardised rows", () => {
  it("lie within two deviations inside the declared ranges, and never beyond ten", () => {
    const scale = declaredScale(
      [
        { low: 0, high: 100 },
        { low: -1, high: 1 },
      ],
      "number",
    );
    const { inputs, targets, count } = standardised(rowsOf([0, 1, 100, -1, 1e12, 0]), scale, "number");
    expect([count, [...inputs], [...targets]]).toEqual([3, [-2, 2, 10], [2, -2, 0]]);
  });

  it("keep a yes or no as 1 or 0", () => {
    const scale = declaredScale(
      [
        { low: 0, high: 100 },
        { low: 0, high: 1 },
      ],
      "yesNo",
    );
    expect([...standardised(rowsOf([0, 1, 100, 0, 50, 1]), scale, "yesNo").targets]).toEqual([1, 0, 1]);
  });
});
