import { describe, expect, it } from "vitest";
import { gaussian, series } from "../../test/support/series";
import { Autoregression } from "./autoregression";
import { type ResidualOptions, residualFactory } from "./autoregressive-residual";
import { SeasonalProfile } from "./seasonal-profile";
import { SeriesDetector } from "./series-detector";

const STEP = 5 * 60_000;
const DAY = 288;

function judge(values: readonly number[], options: Partial<ResidualOptions> = {}) {
  const detector = new SeriesDetector(residualFactory(options)(), { gap: 0, learnAnomalies: true, relearnAfter: 0 });
  return series(values, STEP).map((item) => detector.push(item).anomaly);
}

/** A day that is warm from 8:30 to 16:30, with noise that has a memory. */
function days(count: number, seed: number): number[] {
  const next = gaussian(seed);
  let drift = 0;
  return Array.from({ length: count * DAY }, (_, i) => {
    drift = 0.7 * drift + 0.2 * next();
    return (i % DAY >= 102 && i % DAY < 198 ? 25 : 18) + drift;
  });
}

describe("autoregressive forecast", () => {
  it("finds the coefficient of a process that has one", () => {
    const next = gaussian(1);
    const model = new Autoregression();
    let value = 0;
    for (let i = 0; i < 5000; i++) {
      value = 0.8 * value + next();
      model.push(50 + value);
    }
    // The optimal forecast is 50 + 0.8 (x - 50); 500 values say the mean to 0.2 and the coefficient to 0.03.
    expect(Math.abs(model.forecast() - (50 + 0.8 * value))).toBeLessThan(0.5);
    model.push(60);
    expect(Math.abs(model.forecast() - 58)).toBeLessThan(0.7);
  });

  it("forecasts a constant as itself, at any height", () => {
    for (const value of [0, 0.1, 1e9 + 0.1]) {
      const model = new Autoregression();
      for (let i = 0; i < 100; i++) model.push(value);
      expect(model.forecast()).toBe(value);
    }
  });
});

describe("seasonal profile", () => {
  it("knows each part of the day by its mean on the days before, and today not yet", () => {
    const profile = new SeasonalProfile(86_400_000);
    const at = (day: number, hour: number): number => (day * 24 + hour) * 3_600_000;
    for (let hour = 0; hour < 24; hour++) profile.push(hour, at(0, hour));
    expect(profile.at(at(0, 23))).toBeNaN();
    profile.push(100, at(1, 0));
    expect([profile.at(at(1, 0)), profile.at(at(5, 7)), profile.at(at(-3, 23))]).toEqual([0, 7, 23]);
    // The mean of 0 to 23 is 11.5.
    expect(profile.shapeAt(at(1, 20))).toBeCloseTo(8.5, 9);
    profile.push(0, at(1, 1));
    expect(profile.at(at(2, 0))).toBe(50);
  });
});

describe("residual", () => {
  it("expects the day's rise on the days after the first", () => {
    const values = days(8, 2);
    const found = judge(values).flatMap((verdict, i) => (verdict?.isAnomaly ? [i] : []));
    expect(found.filter((i) => i > 3 * DAY).length).toBeLessThanOrEqual(1);
    // Without a season the step each morning is news again and again, for as long as it is rare enough.
    const blind = judge(values, { period: 0 });
    const morning = 6 * DAY + 102;
    expect(judge(values)[morning]?.p).toBeGreaterThan(10 * (blind[morning]?.p ?? 1));
  });

  it("finds the morning on which the rise does not come", () => {
    const values = days(10, 3);
    for (let i = 9 * DAY; i < 10 * DAY; i++) values[i] = 18;
    const verdict = judge(values)[9 * DAY + 102];
    expect(verdict).toMatchObject({ detector: "residual", isAnomaly: true });
    expect(verdict?.expected?.low).toBeGreaterThan(18);
    expect(verdict?.score).toBeCloseTo(-Math.log10(verdict?.p ?? 1), 9);
  });

  it("has a range that normal values stay in as often as told", () => {
    const verdicts = judge(days(40, 4), { oneIn: 100 });
    const said = verdicts.flatMap((verdict) => (verdict ? [verdict] : [])).slice(3 * DAY);
    const share = said.filter(({ isAnomaly }) => isAnomaly).length / said.length;
    expect(share).toBeLessThan(0.015);
    expect(share).toBeGreaterThan(0.004);
  });

  it("refuses options that make no sense, and says which", () => {
    expect(() => residualFactory({ oneIn: 1 })).toThrow(/^oneIn/);
    expect(() => residualFactory({ period: -1 })).toThrow(/^period/);
    expect(() => residualFactory({ calibration: 5 })).toThrow(/^calibration/);
    expect(() => residualFactory({ minStd: -1 })).toThrow(/^minStd/);
    expect(() => residualFactory({ medium: 5, high: 4 })).toThrow(/^severity/);
  });
});
