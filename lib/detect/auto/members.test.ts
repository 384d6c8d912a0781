import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite, gaussian, throughJson } from "../../../test/support/series";
import { Alarms } from "./alarms";
import { Extremes } from "./extremes";
import { HeldBack } from "./held-back";
import { OCTAVES, Octaves } from "./octaves";
import { Rarity } from "./rarity";
import { Season } from "./season";

const changesOf = (values: readonly number[]): number[] =>
  values.slice(1).map((value, i) => Math.abs(value - (values[i] as number)));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("octaves", () => {
  const LENGTH = 20;
  const OCTAVE = OCTAVES.indexOf(LENGTH);

  it("show means, shifts and changes by their definition, the newest not yet in, also near 1e9", () => {
    const values = fc.array(finite(-1, 1), { minLength: 1, maxLength: 700 });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 1e9), (noise, offset) => {
        const octaves = new Octaves();
        for (const [i, each] of noise.entries()) {
          // The reference is taken from the noise, where the definition loses no digits.
          const upTo = noise.slice(0, i + 1);
          const level = octaves.meanWith(offset + each, OCTAVE) - offset;
          const shift = octaves.shiftWith(offset + each, OCTAVE);
          const change = octaves.changeWith(offset + each, OCTAVE);
          if (i < LENGTH - 1) expect(level).toBeNaN();
          else expect(level).toBeCloseTo(mean(upTo.slice(-LENGTH)), 5);
          if (i < 2 * LENGTH - 1) expect(shift).toBeNaN();
          else expect(shift).toBeCloseTo(mean(upTo.slice(-LENGTH)) - mean(upTo.slice(-2 * LENGTH, -LENGTH)), 5);
          if (i < LENGTH) expect(change).toBeNaN();
          else expect(change).toBeCloseTo(mean(changesOf(upTo.slice(-LENGTH - 1))), 5);
          octaves.push(offset + each);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("let go of a value of 1e150 when it has left the windows", () => {
    const octaves = new Octaves();
    for (const value of [1, 1e150, ...new Array(640).fill(1)]) octaves.push(value);
    const last = OCTAVES.length - 2;
    expect([octaves.meanWith(1, last), octaves.shiftWith(1, last), octaves.changeWith(1, last)]).toEqual([1, 0, 0]);
  });

  it("tell when a window is full anew", () => {
    const octaves = new Octaves();
    const ends: number[] = [];
    for (let i = 1; i <= 100; i++) {
      octaves.push(i);
      if (octaves.endsWindow(OCTAVE)) ends.push(i);
    }
    expect(ends).toEqual([20, 40, 60, 80, 100]);
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

  it("measures how far the last quarter of a day is from the profile", () => {
    const season = new Season(24 * HOUR);
    const days = 12;
    for (let i = 0; i < 24 * days; i++) season.push(i % 24, i * HOUR);
    expect(season.deviationWith(0, 24 * days * HOUR)).toBeCloseTo(0, 9);
    // Six hours are a quarter of the day. One of them that is 12 higher is 2 higher in the mean.
    expect(season.deviationWith(12, 24 * days * HOUR)).toBeCloseTo(2, 9);
  });

  it("says less of a quarter in which values are missing", () => {
    const season = new Season(24 * HOUR);
    for (let i = 0; i < 240; i++) season.push(i % 24, i * HOUR);
    // After a gap of 12 hours one value stands for six, or hardly more: what is usual is learned slowly.
    expect(season.deviationWith(12 + 12, 252 * HOUR)).toBeCloseTo(2, 1);
  });

  it("does not take the level of one period for its shape, however fast the readings come", () => {
    const fast = new Season(24 * HOUR);
    const perHour = 60;
    for (let i = 0; i < 5 * 24 * perHour; i++)
      fast.push(Math.floor(i / perHour) % 24 < 12 ? 0 : 10, (i / perHour) * HOUR);
    // The higher half of the day is missing: six hours later all of it is still missed.
    let deviation = 0;
    for (let i = 0; i < 18 * perHour; i++) {
      const time = 5 * 24 * HOUR + (i / perHour) * HOUR;
      deviation = fast.deviationWith(0, time);
      fast.push(0, time);
    }
    expect(deviation).toBeLessThan(-7);
  });
});

describe("extremes held back", () => {
  it("are those of parts that ended a quarter of the season ago", () => {
    const held = new HeldBack(1000);
    for (let part = 0; part < 20; part++) for (const value of [part, -part]) held.push(value, part);
    // Part 19 runs; 8 to 18 are less than 12 parts old.
    expect([held.extremes.low, held.extremes.high, held.extremes.count]).toEqual([-7, 7, 16]);
    const restored = new HeldBack(1000);
    restored.restore(throughJson(held.snapshot()));
    for (const each of [held, restored]) each.push(100, 20);
    expect([restored.extremes.low, restored.extremes.high]).toEqual([held.extremes.low, held.extremes.high]);
    expect(held.extremes.high).toBe(8);
  });

  it("hold no more than a quarter of the parts, whatever the times", () => {
    const held = new HeldBack(1000);
    const next = gaussian(3);
    for (let i = 0; i < 1000; i++) held.push(next(), Math.floor(20 * next()));
    expect(JSON.stringify(held.snapshot()).length).toBeLessThan(1500);
    const restored = new HeldBack(1000);
    restored.restore(throughJson(held.snapshot()));
    expect(restored.snapshot()).toEqual(held.snapshot());
  });
});

describe("alarms", () => {
  const MINUTE = 60_000;
  const SETTINGS = { threshold: 1, refractory: 10, interval: 5 * MINUTE, medium: 2, settling: 0 };

  /** Score that is needed at each reading after an anomaly of score 100, 1 being the threshold. */
  function isAlarmAfter(readings: number, step: number, score: number): boolean {
    const alarms = new Alarms(SETTINGS);
    expect(alarms.isAnomaly(100)).toBe(true);
    alarms.learn(true, 100, 0);
    for (let i = 1; i <= readings; i++) alarms.learn(false, 0, i * step);
    return alarms.isAnomaly(score);
  }

  it("are silent after one but for what is ten times as strong, and then ask for more than before", () => {
    expect(isAlarmAfter(9, 5 * MINUTE, 999)).toBe(false);
    expect(isAlarmAfter(9, 5 * MINUTE, 1001)).toBe(true);
    expect(isAlarmAfter(10, 5 * MINUTE, 2.9)).toBe(false);
    expect(isAlarmAfter(10, 5 * MINUTE, 3.1)).toBe(true);
    expect(isAlarmAfter(1000, 5 * MINUTE, 1.01)).toBe(true);
  });

  it("ask for more as long in time where readings come faster", () => {
    // 60 readings of 5 minutes and 300 of one minute are both five hours: 1 + 2 exp(-50 / 40) = 1.57.
    for (const [readings, step] of [
      [60, 5],
      [300, 1],
    ] as const) {
      expect(isAlarmAfter(readings, step * MINUTE, 1.5)).toBe(false);
      expect(isAlarmAfter(readings, step * MINUTE, 1.65)).toBe(true);
    }
    expect(isAlarmAfter(60, 0, 1.65)).toBe(true);
  });

  it("meet a series that begins as if it had just settled", () => {
    expect(new Alarms(SETTINGS).isAnomaly(2.9)).toBe(false);
    expect(new Alarms(SETTINGS).isAnomaly(3.1)).toBe(true);
  });
});

describe("alarms of a series that settles", () => {
  const MINUTE = 60_000;
  const having = (readings: number, minutes: number): Alarms => {
    const alarms = new Alarms({ threshold: 0.01, refractory: 0, interval: 5 * MINUTE, medium: 2, settling: 2000 });
    for (let i = 0; i < readings; i++) alarms.learn(false, 0, i * minutes * MINUTE);
    return alarms;
  };

  it("ask for 2 log10(N / n), and for 1.5 at the most", () => {
    // 2 log10(2000 / 500) = 1.2041; 2 log10(2000 / 1000) = 0.6021; readings by the minute count for a fifth, but the first.
    for (const [readings, minutes, asked] of [
      [100, 5, 1.5],
      [500, 5, 1.2041],
      [1000, 5, 0.6021],
      [2496, 1, 1.2041],
      [500, 60, 1.2041],
    ] as const) {
      expect(having(readings, minutes).isAnomaly(asked - 0.001)).toBe(false);
      expect(having(readings, minutes).isAnomaly(asked + 0.001)).toBe(true);
    }
    expect(having(2000, 5).isAnomaly(0.011)).toBe(true);
  });

  it("tell the members of what they would have caused, once an event", () => {
    const alarms = new Alarms({ threshold: 0.01, refractory: 10, interval: 5 * MINUTE, medium: 2, settling: 2000 });
    for (let i = 0; i < 500; i++) alarms.learn(false, 0, i * 5 * MINUTE);
    expect([alarms.isAnomaly(1), alarms.isHushed(1)]).toEqual([false, true]);
    alarms.learn(false, 1, 500 * 5 * MINUTE);
    expect(alarms.isHushed(1)).toBe(false);
    for (let i = 1; i <= 10; i++) alarms.learn(false, 0, (500 + i) * 5 * MINUTE);
    expect(alarms.isHushed(1)).toBe(true);
    // What is hushed silences nothing.
    expect(alarms.isAnomaly(2)).toBe(true);
  });

  it("are young for 1000 readings, and go on from a snapshot as they were", () => {
    expect(having(999, 5).isYoung).toBe(true);
    expect(having(1000, 5).isYoung).toBe(false);
    const restored = having(0, 5);
    restored.restore(throughJson(having(999, 5).snapshot()));
    expect(restored.isYoung).toBe(true);
    expect(restored.snapshot()).toEqual(having(999, 5).snapshot());
  });
});

describe("rarity", () => {
  it("is the rank within what was seen and among records, times the excess beyond all of them", () => {
    const rarity = new Rarity(1000);
    for (let i = 0; i < 99; i++) rarity.learn(i / 100, 0);
    rarity.learn(1.2, 0.5);
    // Of 100 readings 50 lie from the step that holds 0.5 on, the record among them; the reading itself counts too.
    expect(rarity.p(0.5, 0)).toBeCloseTo(51 / 101, 12);
    expect(rarity.p(0, 0)).toBe(1);
    expect(rarity.p(1.2, 0.5)).toBeCloseTo(2 / 101, 12);
    expect(rarity.p(1.5, 2)).toBeCloseTo((1 / 101) * 10 ** -(2 - 0.5), 12);
  });

  it("counts old readings less and less", () => {
    const rarity = new Rarity(100);
    for (let i = 0; i < 200; i++) rarity.learn(0.95, 0);
    for (let i = 0; i < 2000; i++) rarity.learn(0.1, 0);
    expect(rarity.p(0.95, 0)).toBeLessThan(0.02);
  });
});
