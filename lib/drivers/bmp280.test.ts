import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { bmp280, trimming } from "./bmp280";
import { bmp280Model } from "./bmp280.model";
import { hex } from "./core";

/** Trimming values of the datasheet's worked example (BST-BMP280-DS001, 3.12), as in registers 0x88 to 0x9F. */
const EXAMPLE = trimming(hex("706B 4367 18FC 7D8E 43D6 D00B 270B 8C00 F9FF 8C3C F8C6 7017"));

describe("the conversion", () => {
  /** BST-BMP280-DS001, 3.12: 519888 is 25.08 °C and 415148 is 100653.27 Pa; the shared vectors bme280.json. */
  it("of the datasheet's example", () => {
    expect(EXAMPLE).toEqual({
      T: [27504, 26435, -1000],
      P: [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000],
      H: [],
    });
    expect(bmp280.decode(hex("655AC0 7EED00"), { calibration: EXAMPLE })).toMatchObject([
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(25.0825, 4) },
      { sensor: "pressure", unit: "Pa", quality: "good", value: expect.closeTo(100653.267, 2) },
    ]);
  });

  /** The shared vectors bme280.json, "real part trim". */
  it("of a real part", () => {
    const calibration = {
      T: [28417, 26721, 50],
      P: [38042, -10559, 3024, 8726, -185, -7, 9900, -10230, 4285],
      H: [],
    };
    expect(bmp280.decode(hex("536380 81B040"), { calibration })).toMatchObject([
      { value: expect.closeTo(24.3818, 4) },
      { value: expect.closeTo(93005.996, 2) },
    ]);
  });

  /** The same vectors, "negative coefficients" and "P4=P7=-32768": more than the part can measure. */
  it.each([
    [[36477, -10685, 3024, -2855, -140, -7, -15500, -14600, 6000], "114530"],
    [[36477, -10685, 3024, -32768, 140, -7, -32768, -14600, 6000], "197690"],
  ])("of pressure with the trimming values %j", (P, shown) => {
    const [, pressure] = bmp280.decode(hex("655AC0 7EED00"), { calibration: { ...EXAMPLE, P } });
    const reason = `out of range: expected 30000 to 110000 Pa, got ${shown}`;
    expect(pressure).toMatchObject({ value: null, quality: "bad", reason });
  });

  it("says what was not measured and what cannot be", () => {
    const reason = "the part did not measure";
    expect(bmp280.decode(hex("800000 800000"), { calibration: EXAMPLE })).toMatchObject([{ reason }, { reason }]);
    const some = bmp280.decode(hex("800000 7EED00"), { calibration: EXAMPLE });
    expect(some).toMatchObject([{ quality: "good" }, { quality: "bad", reason }]);
    expect(bmp280.decode(hex("000000 FFFFF0"), { calibration: EXAMPLE })).toMatchObject([
      { quality: "bad", reason: expect.stringContaining("out of range: expected -40 to 85 Cel") },
      { quality: "bad", reason: expect.stringContaining("out of range") },
    ]);
    expect(bmp280.decode(hex("655AC0"), { calibration: EXAMPLE })).toMatchObject([
      { quality: "bad", reason: "incomplete: expected 6 bytes or more, got 3" },
      { quality: "bad" },
    ]);
  });

  it.each(["00", "FF"])("refuses trimming values of nothing but %s", (byte) => {
    expect(() => trimming(hex(byte.repeat(24)))).toThrow("the part has no trimming values");
  });
});

describe("on a simulated bus", () => {
  function connected(values: Record<string, number>, options = {}) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(bmp280Model, { address: 0x76, values });
    const session = bmp280.connect(bus.shared(), { options });
    return { part, read: () => clock.run(session.read()) };
  }

  it.each([
    [{}, { temperature: -39.5, pressure: 30_500 }],
    [
      { oversampling: "16", filter: "4" },
      { temperature: 21.37, pressure: 98_765 },
    ],
    [{ oversampling: "1" }, { temperature: 84.9, pressure: 109_900 }],
  ])("measures with %j", async (options, values) => {
    // A step of the raw values is about 0.0003 °C and 0.16 Pa (8.1); a step of temperature moves the pressure by less.
    expect(await connected(values, options).read()).toMatchObject([
      { sensor: "temperature", value: expect.closeTo(values.temperature, 2), quality: "good" },
      { sensor: "pressure", value: expect.closeTo(values.pressure, 0), quality: "good" },
    ]);
  });

  it("sets the part up again after it was without power", async () => {
    const { part, read } = connected({ temperature: 20, pressure: 100_000 });
    await read();
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    part.refuseNext();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    expect(await read()).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });

  it("says so when a BME280 answers", async () => {
    const { part, read } = connected({});
    (part.model as { registers?: Uint8Array }).registers!.set([0x60], 0xd0);
    await expect(read()).rejects.toThrow("in register 0xD0, got 0x60, which is a BME280");
  });
});
