import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finite } from "../../test/support/series";
import { SimulatedBus } from "../bus/simulated";
import { bad, uncertain } from "../drivers/core";
import { mcp3008 } from "../drivers/mcp3008";
import { mcp3008Model } from "../drivers/mcp3008.model";
import { calibrationCurve } from "./curve";
import { nernstSlope, phCalibration, phProbe } from "./ph";
import { analogProbe, probed } from "./probe";
import { photocurrent, photoresistor, soilMoistureProbe, tableProbe } from "./probes";

describe("the curve", () => {
  it("goes through its points, straight between them and beyond", () => {
    const curve = calibrationCurve([
      { at: 2, is: 10 },
      { at: 0, is: 0 },
      { at: 4, is: -10 },
    ]);
    expect([-1, 0, 1, 2, 3, 4, 5].map(curve.of)).toEqual([-5, 0, 5, 10, 0, -10, -20]);
    expect([-1, 0, 3, 4, 5].map(curve.beyond)).toEqual([0.25, 0, 0, 0, 0.25]);
  });

  it("stays between its points' values, for any table", () => {
    const point = fc.record({ at: finite(-10, 10), is: finite(-1000, 1000) });
    const table = fc.uniqueArray(point, { minLength: 2, maxLength: 50, size: "max", selector: ({ at }) => at });
    fc.assert(
      fc.property(table, fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
        const curve = calibrationCurve(points);
        const [ats, values] = [points.map(({ at }) => at), points.map(({ is }) => is)];
        const value = curve.of(Math.min(...ats) + share * (Math.max(...ats) - Math.min(...ats)));
        expect(value).toBeGreaterThanOrEqual(Math.min(...values) - 1e-6);
        expect(value).toBeLessThanOrEqual(Math.max(...values) + 1e-6);
        for (const { at, is } of points) expect(curve.of(at)).toBeCloseTo(is, 6);
      }),
    );
  });

  it("refuses what is no calibration", () => {
    expect(() => calibrationCurve([{ at: 1, is: 1 }])).toThrow("expected 2 to 1000 points, got 1");
    expect(() =>
      calibrationCurve([
        { at: 1, is: 1 },
        { at: 1, is: 2 },
      ]),
    ).toThrow("1 is there twice");
    expect(() =>
      calibrationCurve([
        { at: 1, is: 1 },
        { at: 2, is: Number.NaN },
      ]),
    ).toThrow("expected numbers");
  });
});

describe("soil moisture", () => {
  // A capacitive probe v1.2 in air and in water; the voltage falls with moisture.
  const probe = soilMoistureProbe({ dry: 2.8, wet: 1.3, plausible: [0.2, 3.2] });

  it.each([
    [2.8, 0, "good"],
    [2.05, 50, "good"],
    [1.3, 100, "good"],
    [2.85, 0, "good"],
    [3.1, 0, "uncertain"],
    [1.0, 100, "uncertain"],
    [0.05, null, "bad"],
    [3.3, null, "bad"],
    [Number.NaN, null, "bad"],
  ])("at %d V", (volts, value, quality) => {
    const reading = probe.read(volts);
    expect(reading).toMatchObject({ sensor: "moisture", unit: "%", quality });
    if (value === null) expect(reading.value).toBeNull();
    else expect(reading.value).toBeCloseTo(value, 9);
  });

  it("says what is wrong", () => {
    expect(probe.read(3.1).reason).toBe("drier than the calibration");
    expect(probe.read(0.05).reason).toBe("not connected, or shorted: expected 0.2 to 3.2 V, got 0.05");
  });

  it("follows weighed samples between dry and wet", () => {
    const weighed = soilMoistureProbe({ dry: 2.8, wet: 1.3, points: [{ at: 2, is: 20 }] });
    expect(weighed.read(2.4).value).toBeCloseTo(10, 9);
    expect(weighed.read(1.65).value).toBeCloseTo(60, 9);
  });
});

describe("pH", () => {
  /** all-about-ph.com/ph-temperature-compensation.html, the Nernst factor of the ideal electrode, in mV. */
  it.each([
    [0, 54.2],
    [10, 56.18],
    [20, 58.17],
    [25, 59.16],
    [30, 60.15],
    [50, 64.12],
    [70, 68.09],
    [90, 72.06],
  ])("the slope at %d °C", (celsius, millivolts) => {
    expect(1000 * nernstSlope(celsius)).toBeCloseTo(millivolts, 2);
  });

  const ideal = phProbe({ buffers: [{ ph: 7, volts: 0 }], compensated: true });

  it("of an ideal electrode", () => {
    // Three slopes below pH 7 at each temperature.
    expect(ideal.read(0.17748, { temperature: 25 })).toMatchObject({
      unit: "[pH]",
      quality: "good",
      value: expect.closeTo(4, 3),
    });
    expect(ideal.read(0.1626, { temperature: 0 }).value).toBeCloseTo(4, 3);
    expect(ideal.read(-0.19236, { temperature: 50 }).value).toBeCloseTo(10, 3);
    expect(ideal.read(0, { temperature: 80 }).value).toBe(7);
  });

  it("of an amplifier that inverts and shifts, by two buffers", () => {
    const options = {
      buffers: [
        { ph: 4.01, volts: 1.52 },
        { ph: 9.18, volts: 3.16 },
      ],
      calibratedAt: 20,
    } as const;
    const probe = phProbe(options);
    expect(probe.read(1.52).value).toBeCloseTo(4.01, 9);
    expect(probe.read(3.16).value).toBeCloseTo(9.18, 9);
    expect(phCalibration({ ...options, gain: -5.5 }).efficiency).toBeCloseTo(1.64 / 5.17 / (5.5 * 0.05817), 3);
  });

  it("is doubted without the temperature that it needs, and bad beyond the scale", () => {
    expect(ideal.read(0.17748)).toMatchObject({ quality: "uncertain", reason: "its temperature is not known" });
    expect(ideal.read(0.17748, { temperature: 850 })).toMatchObject({ quality: "uncertain" });
    expect(ideal.read(0.5, { temperature: 25 })).toMatchObject({ value: null, quality: "bad" });
    expect(ideal.read(0.5)).toMatchObject({ value: null, quality: "bad" });
  });

  it("refuses buffers that say nothing", () => {
    const one = { ph: 7, volts: 0 };
    expect(() => phCalibration({ buffers: [one, one] })).toThrow("two of different pH");
    expect(() => phCalibration({ buffers: [one, { ph: 4, volts: 0 }] })).toThrow("different voltages");
    expect(() => phCalibration({ buffers: [{ ph: 15, volts: 0 }] })).toThrow("pH of the buffer");
    expect(() => phCalibration({ buffers: [one], gain: 0 })).toThrow("gain");
  });
});

describe("light", () => {
  /** Datasheet of GL5528: 8 to 20 kOhm at 10 lx, gamma 0.7; so 10 kOhm are 10 lx and 10^-0.7 of it 100 lx. */
  const ldr = (side: "supply" | "ground") =>
    photoresistor({ supply: 3.3, resistor: 10_000, side, at10Lux: 10_000, gamma: 0.7 });

  it("by a photoresistor on either side", () => {
    const at100 = 10_000 / 10 ** 0.7;
    expect(ldr("supply").read(1.65)).toMatchObject({ sensor: "illuminance", unit: "lx", value: expect.closeTo(10, 9) });
    expect(ldr("supply").read((3.3 * 10_000) / (10_000 + at100)).value).toBeCloseTo(100, 6);
    expect(ldr("ground").read((3.3 * at100) / (10_000 + at100)).value).toBeCloseTo(100, 6);
  });

  it("in the dark, and in more than can be told", () => {
    expect(ldr("supply").read(0)).toMatchObject({ value: 0, quality: "good" });
    expect(ldr("supply").read(-0.01)).toMatchObject({ value: 0, quality: "good" });
    expect(ldr("supply").read(3.3)).toMatchObject({ quality: "uncertain", reason: "saturated" });
    expect(ldr("ground").read(0)).toMatchObject({ quality: "uncertain", reason: "saturated" });
  });

  /** Vishay TEMT6000X01, document 81579: 10 uA at 20 lx, 50 uA at 100 lx. */
  it("by a phototransistor", () => {
    const part = photocurrent({ resistor: 10_000, sensitivity: 0.5, saturation: 3 });
    expect(part.read(0.1).value).toBeCloseTo(20, 9);
    expect(part.read(0.5).value).toBeCloseTo(100, 9);
    expect(part.read(-0.003)).toMatchObject({ value: 0, quality: "good" });
    expect(part.read(3.1)).toMatchObject({ value: expect.closeTo(620, 6), quality: "uncertain" });
  });

  it("never says anything but numbers", () => {
    const probes = [ldr("supply"), ldr("ground"), photocurrent({ resistor: 1e4, sensitivity: 0.5, saturation: 3 })];
    fc.assert(
      fc.property(fc.double(), (volts) => {
        for (const { value, quality } of probes.map((probe) => probe.read(volts))) {
          expect(value === null ? quality : Number.isFinite(value)).toBe(value === null ? "bad" : true);
        }
      }),
    );
  });
});

describe("on a converter", () => {
  const level = { sensor: "level", unit: "m", range: [0, 5] } as const;
  const table = tableProbe({
    channel: level,
    points: [
      { at: 0.5, is: 0 },
      { at: 2.5, is: 5 },
    ],
    plausible: [0.4, 2.6],
  });
  const input = (value: number, unit = "V") => ({ sensor: "input0", unit, value, quality: "good" as const });

  it("takes volts, millivolts and their quality", () => {
    const connections = [{ input: "input0", probe: table }];
    expect(probed([input(1.5)], connections)).toEqual([{ sensor: "level", unit: "m", value: 2.5, quality: "good" }]);
    expect(probed([input(1500, "mV")], connections)).toMatchObject([{ value: 2.5 }]);
    expect(probed([input(1500, "Cel")], connections)).toMatchObject([
      { quality: "bad", reason: "input0: there is no voltage" },
    ]);
    expect(probed([], connections)).toMatchObject([{ value: null, quality: "bad" }]);
    expect(probed([{ ...input(0), ...bad("CRC error") }], connections)).toMatchObject([
      { reason: "input0: CRC error" },
    ]);
    expect(probed([{ ...input(0), ...uncertain(1.5, "saturated") }], connections)).toMatchObject([
      { value: 2.5, quality: "uncertain", reason: "input0: saturated" },
    ]);
  });

  it("is read through the converter's driver", async () => {
    const bus = new SimulatedBus("spi");
    bus.plug(mcp3008Model, { values: { input0: 2.05, input1: 0.02, input2: 1.65 } });
    const readings = await mcp3008.connect(bus.shared()).read();
    const soil = soilMoistureProbe({ dry: 2.8, wet: 1.3, plausible: [0.2, 3.2] });
    const connections = [
      { input: "input0", probe: soil },
      { input: "input1", probe: soil },
      { input: "input2", probe: analogProbe({ sensor: "half", unit: "1" }, (volts) => volts / 3.3) },
    ];
    expect(probed(readings, connections)).toMatchObject([
      // A step of the converter is 3.2 mV, 0.2 % of moisture.
      { sensor: "moisture", value: expect.closeTo(50, 0), quality: "good" },
      { sensor: "moisture", value: null, quality: "bad" },
      { sensor: "half", value: 0.5 },
    ]);
  });
});
