import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { RankedWindow } from "./ranked-window";
import { SortedWindow } from "./sorted-window";

/** What single precision holds exactly, with many ties and with none. */
const values = fc.oneof(
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 300 }),
  fc.array(fc.integer({ min: -(2 ** 24), max: 2 ** 24 }), { minLength: 1, maxLength: 300 }),
);
const capacities = fc.integer({ min: 1, max: 200 });

function expectSame(window: RankedWindow, reference: SortedWindow, x: number): void {
  expect(window.count).toBe(reference.count);
  for (let k = 0; k < window.count; k++) expect(window.at(k)).toBe(reference.at(k));
  expect(window.midRank(x)).toBe(reference.midRank(x));
}

describe("ranked window", () => {
  it("has the ranks and values of a sorted window", () => {
    fc.assert(
      fc.property(values, capacities, fc.integer({ min: -3, max: 3 }), (input, capacity, x) => {
        const [window, reference] = [new RankedWindow(capacity), new SortedWindow(capacity)];
        for (const value of input) {
          window.push(value);
          reference.push(value);
        }
        expectSame(window, reference, x);
      }),
    );
  });

  it("is right while it grows and long after, with and without ties", () => {
    for (const modulus of [7, 30_011]) {
      const [window, reference] = [new RankedWindow(1000), new SortedWindow(1000)];
      for (let i = 0; i < 5000; i++) {
        window.push((i * 7919) % modulus);
        reference.push((i * 7919) % modulus);
        if (i % 500 === 63) expectSame(window, reference, 3);
      }
    }
  });

  it("keeps values to seven digits, and ranks a value among its equals", () => {
    const window = new RankedWindow(10);
    for (let i = 0; i < 5; i++) window.push(0.1);
    expect(Math.abs(window.at(0) - 0.1)).toBeLessThan(1e-8);
    expect(window.midRank(0.1)).toBe(2.5);
    expect(window.midRank(-0)).toBe(0);
    expect(window.resolution).toBe(2 ** -23);
  });

  it("turns to double precision for what single precision cannot hold, and stays right", () => {
    for (const extreme of [1e150, -1e150, 1e-60]) {
      const window = new RankedWindow(4);
      for (const value of [1, 2, extreme, 3]) window.push(value);
      const sorted = [1, 2, 3, extreme].sort((a, b) => a - b);
      expect(sorted.map((_, k) => window.at(k))).toEqual(sorted);
      expect(window.midRank(extreme)).toBe(sorted.indexOf(extreme) + 0.5);
      expect(window.resolution).toBe(Number.EPSILON);
    }
    // One that was not added yet is not taken for 0 or infinity either.
    const zeros = new RankedWindow(3);
    zeros.push(0);
    expect([zeros.midRank(1e-60), zeros.midRank(-1e150)]).toEqual([1, 0]);
  });

  it("continues after snapshot and restore as if never stopped, and from what a sorted window saved", () => {
    fc.assert(
      fc.property(values, values, capacities, (before, after, capacity) => {
        const [whole, reference] = [new RankedWindow(capacity), new SortedWindow(capacity)];
        for (const value of before) {
          whole.push(value);
          reference.push(value);
        }
        for (const saved of [whole.snapshot(), reference.snapshot()]) {
          const restored = new RankedWindow(capacity);
          restored.restore(throughJson(saved));
          const twin = new SortedWindow(capacity);
          twin.restore(throughJson(saved));
          for (const value of after) {
            restored.push(value);
            twin.push(value);
          }
          expectSame(restored, twin, 1);
        }
      }),
    );
  });

  it("refuses what is no saved window of its size", () => {
    const window = new RankedWindow(3);
    window.push(5);
    for (const state of [{ values: [1, 2, 3, 4], next: 0 }, { values: [1], next: 2 }, { values: ["a"], next: 1 }, 1]) {
      expect(() => window.restore(state)).toThrow(/expected|fit/);
    }
    expect([window.count, window.at(0)]).toEqual([1, 5]);
    expect(() => new RankedWindow(0)).toThrow(RangeError);
  });
});
