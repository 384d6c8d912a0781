import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Contribution, clipped, coordinateMedian, norm1, norm2, trimmedMean, weightedMean } from "./aggregate";

const number = fc.float({ min: -1000, max: 1000, noNaN: true });
const contributions = fc.integer({ min: 1, max: 6 }).chain((length) =>
  fc.uniqueArray(
    fc.record({
      client: fc.string({ minLength: 1, maxLength: 5 }),
      delta: fc.array(number, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values)),
      weight: fc.integer({ min: 1, max: 10_000 }),
    }),
    { minLength: 1, maxLength: 9, selector: ({ client }) => client },
  ),
);
const of = (client: string, weight: number, ...delta: number[]): Contribution => ({
  ...{ client, weight },
  delta: Float32Array.from(delta),
});
const rules = [weightedMean, coordinateMedian, (all: readonly Contribution[]) => trimmedMean(all, 0.2)];

describe("deltas of several clients", () => {
  it("have the mean of their closed form: the sum of weight times delta over the sum of weights", () => {
    expect([...weightedMean([of("a", 100, 1, -4), of("b", 300, 5, 0)])]).toEqual([4, -1]);
    fc.assert(
      fc.property(contributions, (all) => {
        const total = all.reduce((sum, { weight }) => sum + weight, 0);
        weightedMean(all).forEach((value, i) => {
          const expected = all.reduce((sum, { weight, delta }) => sum + (weight / total) * (delta[i] as number), 0);
          expect(value).toBeCloseTo(expected, 8);
        });
      }),
    );
  });

  it("give the same to the last bit in whatever order they arrive", () => {
    const twoOrders = contributions.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(twoOrders, ([one, other]) => {
        for (const rule of rules) expect([...rule(other)]).toEqual([...rule(one)]);
      }),
    );
  });

  it("of which fewer than half are poisoned stay, by the median, within what the honest ones sent", () => {
    const honest = [of("a", 1, 1, 5), of("b", 1, 2, 6), of("c", 1, 3, 7)];
    const poisoned = [of("x", 1e9, 1e30, -1e30), of("y", 1e9, 1e30, -1e30)];
    const [first, second] = coordinateMedian([...honest, ...poisoned]);
    expect(first).toBe(3);
    expect(second).toBe(5);
    expect([...coordinateMedian(honest.slice(0, 2))]).toEqual([1.5, 5.5]);
  });

  it("are trimmed at each end by the share, but by one at least and never to nothing", () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1000].map((value, i) => of(String(i), 1, value));
    expect([...trimmedMean(all, 0.2)]).toEqual([4.5]);
    expect([...trimmedMean(all, 0.01)]).toEqual([4.5]);
    expect([...trimmedMean(all.slice(0, 2), 0.4)]).toEqual([0.5]);
    expect([...trimmedMean(all.slice(0, 4), 0)]).toEqual([1.5]);
  });
});

describe("clipping", () => {
  it.each([
    ["L2", norm2],
    ["L1", norm1],
  ] as const)("holds its %s bound exactly, keeps the direction, and leaves short deltas alone", (_name, norm) => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 1, maxLength: 40 }),
        fc.double({ min: 1e-3, max: 100, noNaN: true }),
        (values, bound) => {
          const vector = Float32Array.from(values);
          const short = clipped(vector, bound, norm);
          const length = norm(vector);
          expect(norm(short)).toBeLessThanOrEqual(bound);
          if (length <= bound) expect(short).toBe(vector);
          else
            for (const [i, value] of short.entries())
              expect(value).toBeCloseTo(((vector[i] as number) * bound) / length, 3);
        },
      ),
    );
  });
});
