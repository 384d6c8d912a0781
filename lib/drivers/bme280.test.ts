import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { bme280, compensatedHumidity, compensatedPressure, fineTemperature, trimming } from "./bme280";
import { bme280Model } from "./bme280.model";
import { hex } from "./core";

/** Trimming and numbers of the BMP280 datasheet's example (BST-BMP280-DS001, 3.12). */
const T = [27504, 26435, -1000];
const P = [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000];
const RAW = { T: 519888, P: 415148 };

describe("the compensation", () => {
  /**
   * The shared vectors bme280.json, which name for each: Bosch's example; the datasheet's formulas; alp-sdk's test of
   * extreme coefficients; the trimming of a real part.
   */
  it.each([
    ["Bosch's example", { T, P, H: [75, 362, 0, 315, 50, 30] }, RAW, 33482, [25.0825, 100653.267, 73.6026]],
    ["H5 of zero", { T, P, H: [75, 362, 0, 333, 0, 30] }, RAW, 25000, [25.0825, 100653.267, 20.7793]],
    [
      "negative coefficients",
      { T, P: [36477, -10685, 3024, -2855, -140, -7, -15500, -14600, 6000], H: [75, 363, 0, -349, -30, 30] },
      RAW,
      28656,
      [25.0825, 114530.301, 100],
    ],
    ["H4 and H5 at their lowest", { T, P, H: [75, 363, 0, -2048, -2048, 30] }, RAW, 40960, [25.0825, 100653.267, 100]],
    [
      "P4 and P7 at their lowest",
      { T, P: [36477, -10685, 3024, -32768, 140, -7, -32768, -14600, 6000], H: [75, 363, 0, 349, 30, 30] },
      RAW,
      28656,
      [25.0825, 197689.738, 35.1003],
    ],
    [
      "a real part",
      {
        T: [28417, 26721, 50],
        P: [38042, -10559, 3024, 8726, -185, -7, 9900, -10230, 4285],
        H: [75, 360, 0, 325, 50, 30],
      },
      { T: 531204, P: 341560 },
      28750,
      [24.3818, 93005.996, 43.5116],
    ],
  ])("of %s", (_, calibration, raw, rawH, [temperature, pressure, humidity]) => {
    const fine = fineTemperature(raw.T, calibration);
    expect(fine / 5120).toBeCloseTo(temperature!, 4);
    expect(compensatedPressure(raw.P, fine, calibration)).toBeCloseTo(pressure!, 2);
    expect(compensatedHumidity(rawH, fine, calibration)).toBeCloseTo(humidity!, 3);
  });

  it("of trimming values that were never written is no number, and so a bad reading", () => {
    const calibration = { T: [0, 0, 0], P: [0, 0, 0, 0, 0, 0, 0, 0, 0], H: [0, 0, 0, 0, 0, 0] };
    expect(bme280.decode(hex("655AC0 7EED00 82CA"), { calibration })[2]).toMatchObject({ value: null, quality: "bad" });
  });
});

describe("trimming", () => {
  /** Sign extension of the shared byte 0xE5: the shared vectors bme280.json. */
  it.each([
    ["14 0D 00", 333, 0],
    ["80 00 80", -2048, -2048],
    ["EA 23 FE", -349, -30],
  ])("of %s", (shared, h4, h5) => {
    const { H } = trimming(hex(`${"00".repeat(25)} 4B 6A01 00 ${shared} 1E`));
    expect(H).toEqual([75, 362, 0, h4, h5, 30]);
  });
});

describe("frames", () => {
  const calibration = { T, P, H: [75, 362, 0, 315, 50, 30] };

  it("hold pressure, temperature and humidity", () => {
    expect(bme280.decode(hex("655AC0 7EED00 82CA"), { calibration })).toMatchObject([
      { sensor: "temperature", unit: "Cel", value: expect.closeTo(25.0825, 4) },
      { sensor: "humidity", unit: "%", value: expect.closeTo(73.6026, 3) },
      { sensor: "pressure", unit: "Pa", value: expect.closeTo(100653.267, 2) },
    ]);
  });

  it("of a part that has not measured are bad", () => {
    const reason = "the part did not measure";
    const all = bme280.decode(hex("800000 800000 8000"), { calibration });
    expect(all).toMatchObject([{ reason }, { reason }, { reason }]);
    const some = bme280.decode(hex("655AC0 7EED00 8000"), { calibration });
    expect(some).toMatchObject([{ quality: "good" }, { reason }, { quality: "good" }]);
  });

  it("that are cut short are bad", () => {
    expect(bme280.decode(hex("655AC0 7EED00 82"), { calibration })[0]!.reason).toContain("incomplete");
  });
});

describe("on a simulated bus", () => {
  it.each([
    [{}, { temperature: -39.5, humidity: 3, pressure: 30_500 }],
    [
      { oversampling: "16", filter: "16" },
      { temperature: 21.37, humidity: 55.5, pressure: 98_765 },
    ],
    [{ oversampling: "2" }, { temperature: 84.9, humidity: 97, pressure: 109_900 }],
  ])("measures with %j", async (options, values) => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    bus.plug(bme280Model, { address: 0x77, values });
    const readings = await clock.run(bme280.connect(bus.shared(), { address: 0x77, options }).read());
    // Steps of the part: 0.005 Cel, 0.02 %, 3 Pa; the integer formulas are as coarse.
    expect(readings).toMatchObject([
      { value: expect.closeTo(values.temperature, 1) },
      { value: expect.closeTo(values.humidity, 0) },
      { value: expect.closeTo(values.pressure, -1) },
    ]);
  });

  it("says so when a BMP280 answers", async () => {
    const bus = new SimulatedBus("i2c");
    const part = bus.plug(bme280Model, { address: 0x76 });
    (part.model as { registers?: Uint8Array }).registers!.set([0x58], 0xd0);
    await expect(bme280.connect(bus.shared()).read()).rejects.toThrow(
      "another part answers at 0x76: expected id 0x60 in register 0xD0, got 0x58, which is a BMP280",
    );
  });
});
