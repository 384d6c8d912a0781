import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, throughJson, twoPass } from "../../test/support/series";
import { RunningMoments } from "./running-moments";

const noise = finite(-2, 2);

function momentsOf(values: readonly number[]): RunningMoments {
  const moments = new RunningMoments();
  for (const value of values) moments.push(value);
  return moments;
}

describe("RunningMoments", () => {
  it("has the statistics of a published example", () => {
    // NIST StRD NumAcc4: 1001 values 10000000.2, then .1 and .3 in turn; certified mean 10000000.2 and std 0.1.
    const values = [10_000_000.2];
    for (let i = 0; i < 500; i++) values.push(10_000_000.1, 10_000_000.3);
    const moments = momentsOf(values);
    expect(moments.mean).toBeCloseTo(10_000_000.2, 8);
    // The values themselves are off by up to 1e-9, the distance of doubles near 1e7.
    expect(Math.sqrt(moments.variance ?? 0)).toBeCloseTo(0.1, 8);
    expect(moments.sum).toBeCloseTo(10_010_000_200.2, 5);
    expect([moments.min, moments.max, moments.count]).toEqual([10_000_000.1, 10_000_000.3, 1001]);
  });

  it("loses nothing of a sum that cancels", () => {
    expect(momentsOf([1, 1e100, 1, -1e100]).sum).toBe(2); // Neumaier 1974
  });

  it("merged in any split equals the whole", () => {
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 100 }), fc.nat(100), fc.constantFrom(0, 1e9), (values, cut, offset) => {
        const shifted = values.map((value) => offset + value);
        const merged = momentsOf(shifted.slice(0, cut));
        merged.merge(momentsOf(shifted.slice(cut)));
        const whole = momentsOf(shifted);
        expect(merged.count).toBe(whole.count);
        expect(merged.min).toBe(whole.min);
        expect(merged.max).toBe(whole.max);
        if (values.length === 0) return;
        const { mean, std } = twoPass(shifted);
        expect(Math.abs(merged.mean - mean)).toBeLessThan(1e-6);
        expect(merged.sum).toBeCloseTo(whole.sum, 6);
        if (values.length > 1) expect(Math.sqrt(merged.variance ?? -1)).toBeCloseTo(std, 7);
      }),
    );
  });

  it("says nothing about the variance of one value", () => {
    expect(momentsOf([5]).variance).toBeUndefined();
  });

  it("continues after snapshot and restore, empty or not", () => {
    for (const values of [[], [3], [1e9, 1e9 + 1]]) {
      const whole = momentsOf(values);
      const restored = momentsOf([99]);
      restored.restore(throughJson(whole.snapshot()));
      whole.push(7);
      restored.push(7);
      expect(restored.snapshot()).toEqual(whole.snapshot());
    }
  });
});
