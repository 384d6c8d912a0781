import { beforeAll, describe, expect, it } from "vitest";
import { throughJson } from "../../test/support/series";
import { Fourier } from "./fourier";
import { resampleByAngle } from "./orders";
import { spectralPeak, spectrumOf } from "./spectrum";
import { SpeedProfile, SpeedTrack, speedOfPulses } from "./speed";
import { accelerationFactor, speedFactor, squared } from "./units";

let fourier: Fourier;
beforeAll(async () => {
  fourier = await Fourier.load();
});

const rate = 5000;
const length = 10_000;
/** From 900 to 1500 r/min in two seconds, evenly: the angle in revolutions is 15 t + 2.5 t^2. */
const runUp = new SpeedProfile([
  { time: 0, rpm: 900 },
  { time: 2000, rpm: 1500 },
]);
const revolutions = (n: number): number => 15 * (n / rate) + 2.5 * (n / rate) ** 2;

describe("resampleByAngle", () => {
  it("puts what follows the shaft on one line though the speed rises by two thirds", () => {
    const samples = Float64Array.from({ length }, (_, n) => 2 * Math.sin(2 * Math.PI * 4.5 * revolutions(n)));
    const turned = resampleByAngle(samples, rate, runUp, 0);
    const byOrder = spectrumOf(turned.samples, turned.perRevolution, fourier, "flatTop");
    const peak = spectralPeak(byOrder, { interpolate: true });
    expect(peak?.frequency).toBeCloseTo(4.5, 2);
    expect(peak?.amplitude).toBeCloseTo(2, 2);
    // The same in Hz is smeared over a band.
    expect(spectralPeak(spectrumOf(samples, rate, fourier, "flatTop"))?.amplitude).toBeLessThan(1);
  });

  it("interpolates a high order without loss", () => {
    const samples = Float64Array.from({ length }, (_, n) => Math.sin(2 * Math.PI * 60 * revolutions(n)));
    const turned = resampleByAngle(samples, rate, runUp, 0);
    const peak = spectralPeak(spectrumOf(turned.samples, turned.perRevolution, fourier, "flatTop"));
    expect(peak?.frequency).toBeCloseTo(60, 1);
    expect(peak?.amplitude).toBeCloseTo(1, 2);
  });

  it("refuses a shaft that stands, or hardly turns", () => {
    const samples = new Float64Array(100);
    expect(() => resampleByAngle(samples, rate, SpeedProfile.constant(0), 0)).toThrow(
      "a shaft that turns all the time",
    );
    expect(() => resampleByAngle(samples, rate, SpeedProfile.constant(60), 0)).toThrow("turned only 0.020 times");
  });
});

describe("SpeedProfile", () => {
  it("is linear between the points and held beyond them", () => {
    const profile = new SpeedProfile([
      { time: 10, rpm: 100 },
      { time: 20, rpm: 200 },
    ]);
    expect([...profile.sampled(5, 5, 5)]).toEqual([100, 100, 150, 200, 200]);
    expect(profile.isSteady).toBe(false);
    expect(SpeedProfile.constant(1797).isSteady).toBe(true);
  });
});

describe("speedOfPulses", () => {
  it.each([1, 6])("tells the speed of a run-up by %d pulses a revolution", (pulses) => {
    const tacho = Float64Array.from({ length }, (_, n) => ((revolutions(n) * pulses) % 1 < 0.2 ? 5 : 0));
    const speed = speedOfPulses(tacho, rate, 0, pulses).sampled(500, 500, 3);
    [1050, 1200, 1350].forEach((rpm, i) => {
      expect(Math.abs((speed[i] as number) / rpm - 1)).toBeLessThan(0.02);
    });
  });

  it("is not fooled by noise on the edges, and wants two pulses", () => {
    const noisy = Float64Array.from({ length }, (_, n) => (n % 200 < 40 ? 5 : 0) + 0.4 * Math.sin(n * 2.1));
    expect(speedOfPulses(noisy, rate, 0, 1).mean).toBeCloseTo(1500, -1);
    expect(() => speedOfPulses(new Float64Array(100).fill(5), rate, 0, 1)).toThrow("at least two tacho pulses");
  });
});

describe("SpeedTrack", () => {
  it("gives the speeds over a block and those beside it that are in time", () => {
    const track = new SpeedTrack();
    for (const time of [0, 3000, 1000, 2000]) track.push({ time, rpm: 1000 + time / 10 });
    expect([...(track.over(500, 2500, 1000) as SpeedProfile).sampled(500, 1000, 3)]).toEqual([1050, 1150, 1250]);
    expect(track.over(3500, 3600, 1000)?.mean).toBe(1300);
    expect(track.over(5000, 5100, 1000)).toBeUndefined();
    track.push({ time: 3000, rpm: 7 });
    expect(track.over(3000, 3000, 0)?.mean).toBe(7);
  });

  it("remembers a bounded number, and over a restart", () => {
    const track = new SpeedTrack();
    for (let time = 0; time < 2000; time++) track.push({ time, rpm: time });
    const restored = new SpeedTrack();
    restored.restore(throughJson(track.snapshot()));
    expect(restored.over(0, 100, 0)).toBeUndefined();
    expect(restored.over(1999, 1999, 0)?.mean).toBe(1999);
    expect(() => restored.restore({ times: [1], speeds: [] })).toThrow("speeds");
  });
});

describe("units", () => {
  it("are squared as UCUM writes it", () => {
    expect(["m/s2", "[g]", "m[g]", "V", "1", "mm/s", "%"].map(squared)).toEqual([
      "(m/s2)2",
      "[g]2",
      "m[g]2",
      "V2",
      "1",
      "(mm/s)2",
      "%2",
    ]);
  });

  it("of speed and acceleration are known by their codes, and grams are no acceleration", () => {
    expect([speedFactor("/min"), speedFactor("Hz"), speedFactor("Cel")]).toEqual([1, 60, undefined]);
    expect(speedFactor("rad/s")).toBeCloseTo(9.5493, 4);
    expect([accelerationFactor("[g]"), accelerationFactor("g")]).toEqual([9.80665, undefined]);
  });
});
