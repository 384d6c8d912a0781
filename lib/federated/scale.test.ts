import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { twoPass } from "../../test/support/series";
import { commonScale, declaredScale, momentsOf, standardised, strangers } from "./scale";

const rowsOf = (values: readonly number[]): Float64Array => Float64Array.from(values);
const offsets = fc.constantFrom(0, 1e9, -1e9);
const steps = fc.integer({ min: -10, max: 10 }).map((steps) => steps / 2);
const clients = fc.array(fc.array(steps, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 });

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

describe("a glitch", () => {
  const temperatures = Array.from({ length: 600 }, (_, i) => 20 + Math.sin(i));
  const clean = momentsOf(rowsOf(temperatures), 1);

  it.each([3.4e38, -3.4e38, 65_535, Number.MAX_VALUE])(
    "of %s among 600 temperatures does not touch their moments",
    (value) => {
      const { rows, mean, deviation } = momentsOf(
        rowsOf([...temperatures.slice(0, 99), value, ...temperatures.slice(99)]),
        1,
      );
      expect(rows).toBe(601);
      expect(mean[0]).toBeCloseTo(clean.mean[0]!, 9);
      expect(deviation[0]).toBeCloseTo(clean.deviation[0]!, 9);
    },
  );

  it("is not what happens now and then: an event of one row in fifty counts", () => {
    const events = Array.from({ length: 1000 }, (_, i) => (i % 50 === 0 ? 1 : 0));
    expect(momentsOf(rowsOf(events), 1)).toMatchObject({
      mean: [expect.closeTo(0.02, 9)],
      deviation: [expect.closeTo(0.14, 9)],
    });
  });

  it("in one client's moments leaves the scale to the others, who are named apart", () => {
    const liar = { rows: 600, mean: [1e100], deviation: [1e100] };
    const others = [clean, { ...clean, mean: [25] }, { ...clean, mean: [400] }];
    expect(commonScale([liar, ...others], "number", false)).toEqual(commonScale(others, "number", false));
    expect(strangers([liar, ...others])).toEqual([true, false, false, false]);
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
