import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, reading, series, twoPass } from "../../test/support/series";
import { detectorFactory } from "./create";
import { RecentMoments } from "./recent-moments";

const HOUR = 3_600_000;

describe("against history", () => {
  it("is medium beyond two standard deviations and high beyond three, from the eleventh value on", () => {
    const detector = detectorFactory({ method: "history" })();
    const past = [9, 11, 9, 11, 9, 11, 9, 11, 9, 11];
    const verdicts = series(past, HOUR).map((item) => detector.push(item).anomaly);
    expect(verdicts).toEqual(new Array(10).fill(undefined));
    const { mean, std } = twoPass(past);
    const state = detector.snapshot();
    const judged = (value: number) => {
      const copy = detectorFactory({ method: "history" })();
      copy.restore(state);
      return copy.push(reading(value, 10 * HOUR)).anomaly;
    };
    expect(judged(mean + 1.9 * std)).toMatchObject({ detector: "history", isAnomaly: false });
    expect(judged(mean + 2.1 * std)).toMatchObject({ isAnomaly: true, severity: "medium" });
    expect(judged(mean - 3.1 * std)).toMatchObject({ isAnomaly: true, severity: "high" });
    expect(judged(1e9)).toMatchObject({ severity: "high" });
    expect(judged(12)?.score).toBeCloseTo(2 / std, 9);
    expect(judged(12)?.expected?.high).toBeCloseTo(mean + 2 * std, 9);
  });

  it("forgets what is older than a day, and only that", () => {
    const detector = detectorFactory({ method: "history" })();
    for (const item of series(new Array(12).fill(0), HOUR / 12)) detector.push(item);
    for (const item of series([10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10, 12], HOUR / 12, 20 * HOUR))
      detector.push(item);
    expect(detector.push(reading(11, 25.5 * HOUR)).anomaly?.expected?.low).toBeGreaterThan(8);
  });

  it("refuses limits in the wrong order", () => {
    expect(() => detectorFactory({ method: "history", mediumSigmas: 4 })).toThrow(
      /^highSigmas: expected a number from 4/,
    );
  });
});

describe("moments of the recent past", () => {
  it("equal the two-pass ones over the parts that lie within the span, with late values and gaps", () => {
    const values = fc.array(fc.tuple(finite(-5, 5), fc.integer({ min: -300, max: 900 })), {
      minLength: 1,
      maxLength: 80,
    });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e9), (items, offset) => {
        // Parts of 100 ms.
        const moments = new RecentMoments(9600);
        const partOf = (time: number) => Math.floor(time / 100);
        let time = 0;
        let newest = Number.NEGATIVE_INFINITY;
        const kept: { value: number; part: number }[] = [];
        for (const [value, step] of items) {
          time += step;
          newest = Math.max(newest, partOf(time));
          moments.push(offset + value, time);
          kept.push({ value: offset + value, part: partOf(time) });
          const expected = twoPass(kept.filter(({ part }) => part > newest - 96).map((item) => item.value));
          const { mean, variance } = moments.at(time);
          expect(mean - offset).toBeCloseTo(expected.mean - offset, 6);
          expect(Math.sqrt(variance)).toBeCloseTo(expected.std, 4);
        }
        expect(moments.at(time + 20_000).count).toBe(0);
      }),
    );
  });

  it("starts afresh when one value was dated far ahead", () => {
    const moments = new RecentMoments(24 * HOUR);
    moments.push(1, 0);
    moments.push(2, 1e13);
    moments.push(3, 1000);
    moments.push(4, 2000);
    expect(moments.at(2000)).toMatchObject({ count: 2, mean: 3.5 });
  });
});
