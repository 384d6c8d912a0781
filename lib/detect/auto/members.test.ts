import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, throughJson } from "../../../test/support/series";
import { Extremes } from "./extremes";
import { Rarity } from "./rarity";
import { Season } from "./season";
import { TrailingMeans } from "./trailing-means";

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("trailing means", () => {
  it("are the means of the last values by definition, the newest not yet in, also near 1e9", () => {
    const values = fc.array(finite(-1, 1), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e9), (noise, offset) => {
        const means = new TrailingMeans(3, 5);
        for (const [i, each] of noise.entries()) {
          // The reference is taken from the noise, where the definition loses no digits.
          const upTo = noise.slice(0, i + 1);
          const level = means.levelWith(offset + each) - offset;
          const shift = means.shiftWith(offset + each);
          if (i < 2) expect(level).toBeNaN();
          else expect(level).toBeCloseTo(mean(upTo.slice(-3)), 5);
          if (i < 9) expect(shift).toBeNaN();
          else expect(shift).toBeCloseTo(mean(upTo.slice(-5)) - mean(upTo.slice(-10, -5)), 5);
          means.push(offset + each);
        }
      }),
    );
  });

  it("let go of a value of 1e150 when it has left the windows", () => {
    const means = new TrailingMeans(3, 5);
    for (const value of [1, 1e150, ...new Array(25).fill(1)]) means.push(value);
    expect([means.levelWith(1), means.shiftWith(1)]).toEqual([1, 0]);
  });
});

describe("extremes", () => {
  it("are of all values up to the memory, and of no more than five quarters of it", () => {
    const values = fc.array(finite(-100, 100), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(values, (all) => {
        const extremes = new Extremes(20);
        all.forEach((value, i) => {
          extremes.push(value);
          const { count, low, high } = extremes;
          expect(count).toBeGreaterThanOrEqual(Math.min(i + 1, 20));
          expect(count).toBeLessThanOrEqual(25);
          const kept = all.slice(i + 1 - count, i + 1);
          expect([low, high]).toEqual([Math.min(...kept), Math.max(...kept)]);
        });
        const restored = new Extremes(20);
        restored.restore(throughJson(extremes.snapshot()));
        expect([restored.count, restored.low, restored.high]).toEqual([extremes.count, extremes.low, extremes.high]);
      }),
    );
  });

  it("move by three spans at the most for one value, and reach any level within some", () => {
    const extremes = new Extremes(100);
    extremes.push(0);
    // One value spans nothing: then any change is taken as it is.
    expect(extremes.bound(1)).toBe(1);
    extremes.push(1);
    expect([extremes.bound(0.5), extremes.bound(3), extremes.bound(1e9), extremes.bound(-1e9)]).toEqual([
      0.5, 3, 4, -3,
    ]);
    let steps = 0;
    while (extremes.high < 1e6) {
      extremes.push(extremes.bound(1e6));
      steps += 1;
    }
    // The span grows fourfold each time: 4^10 is above a million.
    expect(steps).toBe(10);
  });
});

describe("season", () => {
  const HOUR = 3_600_000;

  it("has skill where the clock explains the series, and none in noise", () => {
    const next = gaussian(1);
    const [daily, noise] = [new Season(24 * HOUR), new Season(24 * HOUR)];
    for (let i = 0; i < 1000; i++) {
      daily.push(10 * Math.sin((i / 12) * Math.PI) + 0.3 * next(), i * HOUR);
      noise.push(next(), i * HOUR);
    }
    expect(daily.skill).toBeGreaterThan(0.9);
    expect(noise.skill).toBeLessThan(0.1);
  });

  it("measures how far the last twelve values are from the profile", () => {
    const season = new Season(24 * HOUR);
    for (let i = 0; i < 240; i++) season.push(i % 24, i * HOUR);
    expect(season.deviationWith(0, 240 * HOUR)).toBeCloseTo(0, 9);
    expect(season.deviationWith(12, 240 * HOUR)).toBeCloseTo(1, 9);
  });
});

describe("rarity", () => {
  it("is the rank within what was seen, and the records' rate times their excess beyond", () => {
    const rarity = new Rarity(1000);
    for (let i = 0; i < 99; i++) rarity.learn(i / 100, 0);
    rarity.learn(1.2, 0.5);
    // Of 100 readings 50 lie from the step that holds 0.5 on, the record among them; the reading itself counts too.
    expect(rarity.p(0.5, 0)).toBeCloseTo(51 / 101, 12);
    expect(rarity.p(0, 0)).toBe(1);
    expect(rarity.p(1.5, 2)).toBeCloseTo((2 / 101) * 0.01, 12);
  });

  it("counts old readings less and less", () => {
    const rarity = new Rarity(100);
    for (let i = 0; i < 200; i++) rarity.learn(0.95, 0);
    for (let i = 0; i < 2000; i++) rarity.learn(0.1, 0);
    expect(rarity.p(0.95, 0)).toBeLessThan(0.02);
  });
});
