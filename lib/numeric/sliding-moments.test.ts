import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, throughJson, twoPass } from "../../test/support/series";
import { SlidingMoments } from "./sliding-moments";
import { StateError } from "./state";

const offsets = fc.constantFrom(0, 1e6, 1e8, 1e9, -1e9);
const noise = finite(-2, 2);

describe("SlidingMoments", () => {
  it("equals a two-pass computation at offsets of 1e9, at every step", () => {
    fc.assert(
      fc.property(
        fc.array(noise, { minLength: 1, maxLength: 300 }),
        offsets,
        fc.integer({ min: 1, max: 50 }),
        (values, offset, capacity) => {
          const moments = new SlidingMoments(capacity);
          const seen: number[] = [];
          for (const value of values) {
            moments.push(offset + value);
            seen.push(offset + value);
            const { mean, std } = twoPass(seen.slice(-capacity));
            expect(Math.abs(moments.mean - mean)).toBeLessThanOrEqual(1e-15 * Math.abs(offset) * 4 + 1e-13);
            expect(Math.abs(Math.sqrt(moments.variance) - std)).toBeLessThan(1e-8);
          }
        },
      ),
    );
  });

  it("does not drift over a million values near 1e9", () => {
    const next = gaussian(7);
    const moments = new SlidingMoments(100);
    const last: number[] = [];
    for (let i = 0; i < 1_000_000; i++) {
      const value = 1e9 + 0.5 * next();
      moments.push(value);
      if (i >= 1_000_000 - 100) last.push(value);
    }
    const { mean, std } = twoPass(last);
    expect(moments.mean).toBeCloseTo(mean, 6);
    expect(Math.sqrt(moments.variance)).toBeCloseTo(std, 6);
  });

  it("tells a spread of 0.001 near 1e9, where doubles are 1e-7 apart", () => {
    const next = gaussian(9);
    const moments = new SlidingMoments(50);
    const seen: number[] = [];
    for (let i = 0; i < 5000; i++) {
      seen.push(1e9 + 0.001 * next());
      moments.push(seen[i]!);
      if (i < 50 || i % 7 > 0) continue;
      expect(Math.sqrt(moments.variance) / twoPass(seen.slice(-50)).std).toBeCloseTo(1, 9);
    }
  });

  it("is exact again as soon as a huge outlier has left the window", () => {
    const moments = new SlidingMoments(10);
    const tail = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    for (const value of [5, 5, 5, 1e15, ...tail]) moments.push(value);
    expect(moments.mean).toBeCloseTo(5.5, 12);
    expect(moments.variance).toBeCloseTo(55 / 6, 12); // n (n + 1) / 12 for 1..n
  });

  it("has variance 0 for constant values, also ones that no double holds exactly", () => {
    const moments = new SlidingMoments(7);
    for (let i = 0; i < 50; i++) {
      moments.push(0.1);
      expect(moments.variance).toBeGreaterThanOrEqual(0);
      expect(Math.sqrt(moments.variance)).toBeLessThan(1e-16);
    }
  });

  it("refuses a saved state of which no spread can be made", () => {
    const moments = new SlidingMoments(3);
    moments.push(1);
    const saved = { ...(moments.snapshot() as object), squares: -1 };
    expect(() => new SlidingMoments(3).restore(saved)).toThrow("squares: expected a number of at least 0");
  });

  it("continues after snapshot and restore as if never stopped", () => {
    fc.assert(
      fc.property(
        fc.array(noise, { maxLength: 60 }),
        fc.array(noise, { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (before, after, capacity) => {
          const whole = new SlidingMoments(capacity);
          for (const value of before) whole.push(value);
          const restored = new SlidingMoments(capacity);
          restored.restore(throughJson(whole.snapshot()));
          for (const value of after) {
            whole.push(value);
            restored.push(value);
            expect(restored.mean).toBe(whole.mean);
            expect(restored.variance).toBe(whole.variance);
          }
        },
      ),
    );
  });

  it("refuses states that do not fit", () => {
    const moments = new SlidingMoments(3);
    const good = { values: [1, 2], next: 2, origin: 1, mean: 0.5, squares: 0.5, peak: 0.5 };
    for (const bad of [
      null,
      [],
      5,
      {},
      { ...good, values: [1, 2, 3, 4] },
      { ...good, values: ["1", 2] },
      { ...good, next: 1 },
      { ...good, mean: null },
    ]) {
      expect(() => moments.restore(bad)).toThrow(StateError);
    }
    expect(moments.count).toBe(0);
    moments.restore(good);
    expect(moments.mean).toBe(1.5);
  });
});
