import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gaussian } from "../simulation/random";
import { oxygenSaturation, type Photoplethysmogram, type Pulse, pulseOf } from "./ppg";

interface Finger {
  /** Beats per minute. */
  readonly rate: number;
  /** Ratio of ratios. */
  readonly ratio: number;
  /** What pulsates of the infrared light, %. */
  readonly perfusion?: number;
  /** Counts, standard deviation. */
  readonly noise?: number;
  /** Breathing, 15 times a minute: amplitude, % of the light. */
  readonly breathing?: number;
  readonly seconds?: number;
  readonly rateHz?: number;
}

/** A systolic wave and a dicrotic one 0.3 of a beat later, as in pulse waves of the finger; 1 is its height. */
function wave(phase: number): number {
  const part = (at: number, width: number) => {
    const distance = Math.abs(phase - at);
    return Math.exp(-(Math.min(distance, 1 - distance) ** 2) / (2 * width ** 2));
  };
  return part(0.25, 0.09) + 0.35 * part(0.58, 0.12);
}

function finger({
  rate,
  ratio,
  perfusion = 1,
  noise = 0,
  breathing = 0,
  seconds = 8,
  rateHz = 50,
}: Finger): Photoplethysmogram {
  const light = (level: number, share: number, seed: number) =>
    Float64Array.from({ length: seconds * rateHz }, (_, index) => {
      const time = index / rateHz;
      const pulse = (share / 100) * wave(((time * rate) / 60 + 0.1) % 1);
      const breath = (breathing / 100) * Math.sin(2 * Math.PI * 0.25 * time);
      return Math.round(level * (1 - pulse + breath) + noise * gaussian(seed, index));
    });
  return { rateHz, red: light(90_000, perfusion * ratio, 1), infrared: light(120_000, perfusion, 2) };
}

const measured = (ppg: Photoplethysmogram) => pulseOf(ppg) as Pulse;

describe("the saturation", () => {
  /** Maxim AN6845: SpO2 = 1.5958422 R² - 34.6596622 R + 112.6898759; computed by hand to four places. */
  it.each([
    [0.4, 99.0813],
    [0.5, 95.759],
    [0.7, 89.2101],
    [1, 79.6261],
    [1.2, 73.3963],
  ])("at a ratio of %d", (ratio, saturation) => {
    expect(oxygenSaturation(ratio)).toBeCloseTo(saturation, 3);
  });

  it("is never more than 100 or less than 0", () => {
    expect(oxygenSaturation(0.2)).toBe(100);
    expect(oxygenSaturation(6)).toBe(0);
  });
});

describe("a pulse of known rate and ratio", () => {
  it("is found at every rate, ratio and perfusion, with noise and breathing", () => {
    const fingers = fc.record({
      rate: fc.double({ min: 40, max: 200, noNaN: true }),
      ratio: fc.double({ min: 0.4, max: 1.2, noNaN: true }),
      perfusion: fc.double({ min: 0.4, max: 5, noNaN: true }),
      breathing: fc.double({ min: 0, max: 0.5, noNaN: true }),
    });
    fc.assert(
      fc.property(fingers, (given) => {
        const pulse = measured(finger({ ...given, breathing: given.breathing * given.perfusion, noise: 10 }));
        expect(Math.abs(pulse.heartRate - given.rate)).toBeLessThan(Math.max(2, 0.02 * given.rate));
        expect(Math.abs(pulse.ratio - given.ratio)).toBeLessThan(0.04 * given.ratio + 0.02);
        expect(Math.abs(pulse.spo2 - oxygenSaturation(given.ratio))).toBeLessThan(2);
      }),
    );
  });

  it("is found to a tenth of a beat without noise", () => {
    for (const rateHz of [25, 50, 100, 400]) {
      const pulse = measured(finger({ rate: 72.5, ratio: 0.55, rateHz }));
      expect(pulse.heartRate).toBeCloseTo(72.5, 0);
      expect(pulse.ratio).toBeCloseTo(0.55, 2);
      expect(pulse.perfusion).toBeGreaterThan(0.5);
      expect(pulse.perfusion).toBeLessThan(1.2);
    }
  });
});

describe("what is no pulse", () => {
  it("is noise, darkness, steady light and a short recording", () => {
    const noise = finger({ rate: 60, ratio: 0.5, perfusion: 0, noise: 20 });
    expect(pulseOf(noise)).toHaveProperty("reason");
    const steady = new Float64Array(400).fill(100_000);
    expect(pulseOf({ rateHz: 50, red: steady, infrared: steady })).toEqual({ reason: "there are too few beats" });
    const dark = new Float64Array(400);
    expect(pulseOf({ rateHz: 50, red: dark, infrared: dark })).toEqual({ reason: "there is no light" });
    expect(pulseOf(finger({ rate: 60, ratio: 0.5, seconds: 2 }))).toMatchObject({ reason: /too short/ });
  });

  it("is red light that does not go with the infrared", () => {
    const { infrared } = finger({ rate: 70, ratio: 0.5 });
    const { red } = finger({ rate: 111, ratio: 0.5 });
    expect(pulseOf({ rateHz: 50, red, infrared })).toEqual({
      reason: "red and infrared light differ: it may have moved",
    });
  });

  it("never gives a number that is none, whatever comes", () => {
    const counts = fc.array(fc.integer({ min: 0, max: 262_143 }), { minLength: 60, maxLength: 200, size: "max" });
    fc.assert(
      fc.property(counts, (values) => {
        const light = Float64Array.from([...values, ...values, ...values]);
        const pulse = pulseOf({ rateHz: 25, red: light, infrared: Float64Array.from(light).reverse() });
        for (const value of Object.values(pulse))
          expect(typeof value === "string" || Number.isFinite(value)).toBe(true);
      }),
    );
  });

  it("refuses what cannot be judged", () => {
    const [long, short] = [new Float64Array(200), new Float64Array(100)];
    expect(() => pulseOf({ rateHz: 10, red: long, infrared: long })).toThrow("20 samples per second");
    expect(() => pulseOf({ rateHz: 50, red: long, infrared: short })).toThrow("got 200 and 100");
  });
});
