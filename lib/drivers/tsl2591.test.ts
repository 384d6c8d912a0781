import { describe, expect, it } from "vitest";
import { hex } from "./core";
import { rig } from "./core/rig";
import { illuminance, tsl2591 } from "./tsl2591";
import { tsl2591Model } from "./tsl2591.model";

describe("the conversion", () => {
  /**
   * Worked by hand from the formula in Linux (drivers/iio/light/tsl2591.c): counts per lux = ms * gain / 408, lux = (C0 - C1)
   * * (1 - C1 / C0) / counts per lux.
   */
  it.each([
    // 100 ms, 25 x: 6.127451 counts per lux; 800 * 0.8 = 640.
    [1000, 200, 0x10, 104.448],
    // 300 ms, 25 x: 18.382353; 800 * 0.8 = 640.
    [1000, 200, 0x12, 34.816],
    // 600 ms, 1 x: 1.470588; 20000 * 0.5 = 10000.
    [40_000, 20_000, 0x05, 6800],
    // 100 ms, 428 x: 104.901961; 1.
    [1, 0, 0x20, 0.0095327],
    // 600 ms, 9876 x: 14523.529412; 45000 * 0.9 = 40500.
    [50_000, 5000, 0x35, 2.7885784],
  ])("of %d and %d counts", (full, infrared, control, lux) => {
    expect(illuminance(full, infrared, control)).toBeCloseTo(lux, 5);
  });

  it("of frames: dark, infrared only, saturated, incomplete", () => {
    expect(tsl2591.decode(hex("E803 C800 10"))).toMatchObject([
      { sensor: "illuminance", unit: "lx", quality: "good", value: expect.closeTo(104.448, 3) },
    ]);
    expect(tsl2591.decode(hex("0000 0000 30"))).toMatchObject([{ value: 0, quality: "good" }]);
    expect(tsl2591.decode(hex("0200 0300 30"))).toMatchObject([{ value: 0, quality: "good" }]);
    const reason = "too bright for the gain";
    // "ALS Characteristics": 36863 is the most in 100 ms, 65535 in more.
    expect(tsl2591.decode(hex("FF8F 0010 10"))).toMatchObject([{ value: null, quality: "bad", reason }]);
    expect(tsl2591.decode(hex("FF8F 0010 11"))).toMatchObject([{ quality: "good" }]);
    expect(tsl2591.decode(hex("FFFF FFFF 35"))).toMatchObject([{ value: null, quality: "bad", reason }]);
    expect(tsl2591.decode(hex("FE8F 0000 00"))).toMatchObject([{ reason: expect.stringContaining("out of range") }]);
    expect(tsl2591.decode(hex("E803"))).toMatchObject([{ reason: expect.stringContaining("incomplete") }]);
  });
});

describe("on a simulated bus", () => {
  it.each([0, 0.01, 1.5, 80, 1200, 60_000])("finds the gain for %d lx", async (illuminance) => {
    const { read } = rig(tsl2591, tsl2591Model, { illuminance });
    const [first] = await read();
    expect(first).toMatchObject({ sensor: "illuminance", quality: "good" });
    // 2 % of full scale or more but in the dark: half a count of several hundred.
    expect(Math.abs((first!.value as number) - illuminance)).toBeLessThanOrEqual(0.002 * illuminance + 0.001);
    expect(await read()).toEqual([first]);
  });

  it.each(["low", "medium", "high", "maximum"])("keeps to the gain %s and each time", async (gain) => {
    const bright = { low: 5000, medium: 200, high: 12, maximum: 0.5 }[gain]!;
    for (const integration of ["100", "200", "600"]) {
      const options = { gain, integration };
      const { clock, read } = rig(tsl2591, tsl2591Model, { illuminance: bright }, { options });
      const before = clock.now();
      expect(await read()).toMatchObject([{ value: expect.closeTo(bright, 0), quality: "good" }]);
      expect(clock.now() - before).toBeGreaterThanOrEqual(Number(integration));
      const tooBright = rig(tsl2591, tsl2591Model, { illuminance: 60 * bright }, { options });
      expect(await tooBright.read()).toMatchObject([{ value: null, quality: "bad" }]);
    }
  });

  it("says when it is not there, and measures again", async () => {
    const { part, read, close } = rig(tsl2591, tsl2591Model, { illuminance: 300 });
    const readings = await read();
    part.unplug();
    part.plug();
    expect(await read()).toEqual(readings);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toEqual(readings);
    await close();
    expect(await read()).toEqual(readings);
  });

  it("refuses another part", async () => {
    const { part, read } = rig(tsl2591, tsl2591Model);
    part.corruptNext();
    await expect(read()).rejects.toThrow("another part answers at 0x29: expected id 0x50 in register 0xB2, got 0x40");
  });
});
