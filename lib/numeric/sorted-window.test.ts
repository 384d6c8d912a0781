import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { quantile, SortedWindow } from "./sorted-window";

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

function sortedMedian(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : sorted[middle - 1]! + (sorted[middle]! - sorted[middle - 1]!) / 2;
}

// Few different values make ties, large arrays make long moves: both are where such structures go wrong.
const values = fc.oneof(
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.double({ min: -1e150, max: 1e150, noNaN: true }), { minLength: 1, maxLength: 200 }),
);

describe("SortedWindow", () => {
  it("gives the median and the MAD of the sorted window, at every step", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 120 }), (input, capacity) => {
        const window = new SortedWindow(capacity);
        input.forEach((value, i) => {
          window.push(value);
          const current = input.slice(Math.max(0, i + 1 - capacity), i + 1);
          const median = sortedMedian(current);
          expect(window.median() === median).toBe(true);
          expect(window.medianAbsoluteDeviation()).toBe(sortedMedian(current.map((x) => Math.abs(x - median))));
        });
      }),
    );
  });

  it("gives ranks, single values, the next to go, and the median with one more", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), fc.integer({ min: -3, max: 3 }), (input, capacity, x) => {
        const window = new SortedWindow(capacity);
        for (const value of input) window.push(value);
        const current = input.slice(-capacity);
        const smaller = current.filter((value) => value < x).length;
        expect(window.midRank(x)).toBe(smaller + current.filter((value) => value === x).length / 2);
        expect(window.medianWith(x) === sortedMedian([...current, x])).toBe(true);
        expect(ascending(current).every((value, k) => value === window.at(k))).toBe(true);
        expect(window.oldest === (input.length < capacity ? undefined : current[0])).toBe(true);
      }),
    );
  });

  it("is right for a window of 10 000", () => {
    const window = new SortedWindow(10_000);
    // 7919 is a prime that is no divisor of 30 011, so this visits every residue once.
    const input = Array.from({ length: 30_011 }, (_, i) => (i * 7919) % 30_011);
    for (const value of input) window.push(value);
    const last = input.slice(-10_000);
    expect(window.median()).toBe(sortedMedian(last));
    const median = window.median();
    expect(window.medianAbsoluteDeviation()).toBe(sortedMedian(last.map((x) => Math.abs(x - median))));
  });

  it("takes the two zeros for one value", () => {
    const window = new SortedWindow(2);
    for (const value of [-0, 0, -0, 1, 2]) window.push(value);
    expect(window.median()).toBe(1.5);
  });

  it("continues after snapshot and restore as if never stopped", () => {
    fc.assert(
      fc.property(values, values, fc.integer({ min: 1, max: 30 }), (before, after, capacity) => {
        const whole = new SortedWindow(capacity);
        for (const value of before) whole.push(value);
        const restored = new SortedWindow(capacity);
        restored.restore(throughJson(whole.snapshot()));
        for (const value of after) {
          whole.push(value);
          restored.push(value);
          expect(restored.median()).toBe(whole.median());
        }
      }),
    );
  });
});

describe("quantile", () => {
  // Hyndman and Fan definition 7 of 1..10, as R's quantile(1:10, c(0.05, 0.25, 0.5, 0.9)) prints it.
  it.each([
    [0, 1],
    [0.05, 1.45],
    [0.25, 3.25],
    [0.5, 5.5],
    [0.9, 9.1],
    [1, 10],
  ])("%f of 1..10 is %f", (fraction, expected) => {
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], fraction)).toBeCloseTo(expected, 12);
  });

  it("of one value is that value", () => {
    expect(quantile([3], 0.99)).toBe(3);
  });
});
