import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, reading, series, twoPass } from "../../test/support/series";
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

  it("keeps its day over one reading of a wrong year or of time 0", () => {
    const day = (wrong: readonly number[]): number => {
      const next = gaussian(1);
      const detector = detectorFactory({ method: "history" })();
      const start = Date.UTC(2026, 0, 1);
      const items = Array.from({ length: 3 * 1440 }, (_, i) => {
        const time = start + i * 60_000;
        return reading(20 + 3 * Math.sin((2 * Math.PI * i) / 1440) + 0.3 * next(), time);
      });
      const odd = wrong.map((time) => reading(20, time));
      const all = [...items.slice(0, 2880), ...odd, ...items.slice(2880)];
      return all.filter((item) => detector.push(item).anomaly?.isAnomaly).length;
    };
    const without = day([]);
    // The two add themselves to the day at most.
    expect(Math.abs(day([Date.UTC(2046, 0, 1), 0]) - without)).toBeLessThan(5);
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

  it("leave out one value of a wrong year, and go on where a series goes on", () => {
    const moments = new RecentMoments(24 * HOUR);
    const pushAll = (value: number, from: number, count: number): void => {
      for (let i = 0; i < count; i++) moments.push(value, from + i * 60_000);
    };
    const now = Date.UTC(2026, 0, 2);
    pushAll(1, now, 100);
    moments.push(9, Date.UTC(2046, 0, 1));
    moments.push(9, 0);
    expect(moments.at(now + 100 * 60_000)).toMatchObject({ count: 100, mean: 1 });
    // Late values of the day belong to it, in whatever number.
    pushAll(1, now - 12 * HOUR, 100);
    expect(moments.at(now + 100 * 60_000)).toMatchObject({ count: 200, mean: 1 });
    pushAll(2, Date.UTC(2027, 0, 1), 3);
    expect(moments.at(Date.UTC(2027, 0, 1, 0, 3))).toMatchObject({ count: 2, mean: 2 });
    // As from 1970, for good.
    pushAll(3, 0, 20);
    expect(moments.at(HOUR)).toMatchObject({ count: 11, mean: 3 });
  });

  it.each([0.5, 1e17, -1e308])(
    "refuse a saved state whose newest part is %d: it could be counted to without an end",
    (newest) => {
      const moments = new RecentMoments(24 * HOUR);
      moments.push(1, 0);
      const saved = { ...(moments.snapshot() as object), newest };
      expect(() => new RecentMoments(24 * HOUR).restore(saved)).toThrow("newest: expected the number of a part");
      expect(() => new RecentMoments(24 * HOUR).restore({ ...saved, newest: 5 })).toThrow("clock: does not fit");
    },
  );

  it("go on from a state of before there were clocks", () => {
    const now = Date.UTC(2026, 0, 2);
    const parts = [[Math.floor(now / (HOUR / 4)) % 96, 10, 0, 0]];
    const moments = new RecentMoments(24 * HOUR);
    moments.restore({ origin: 1, newest: Math.floor(now / (HOUR / 4)), parts });
    moments.push(1, now + 60_000);
    expect(moments.at(now + 60_000)).toMatchObject({ count: 11, mean: 1 });
  });
});
