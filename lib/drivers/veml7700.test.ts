import { describe, expect, it } from "vitest";
import { hex } from "./core";
import { rig } from "./core/rig";
import { corrected, illuminance, veml7700 } from "./veml7700";
import { veml7700Model } from "./veml7700.model";

describe("the conversion", () => {
  /** Vishay's application note 84323, tables of resolutions and of maximum illuminations; gains that need no correction. */
  it.each([
    [2, 800, 0.0042, 275],
    [2, 400, 0.0084, 550],
    [2, 200, 0.0168, 1101],
    [2, 100, 0.0336, 2202],
    [1, 100, 0.0672, 4404],
    [1, 800, 0.0084, 550],
  ])("with gain %d and %d ms", (gain, ms, resolution, maximum) => {
    expect(illuminance(1, { gain, ms })).toBeCloseTo(resolution, 9);
    expect(illuminance(65534, { gain, ms })).toBeCloseTo(maximum, -1);
  });

  /** eldruin/veml6030-rs, tests/integration.rs, max_applies_correction: 1480 counts of 1.8432 lx are 3183.247 lx. */
  it("is corrected where the part is not linear", () => {
    expect(corrected(1480 * 1.8432)).toBeCloseTo(3183.247, 1);
    // The application note's coefficients by hand: 602.3 + 29.336 - 2.029 + 0.078.
    expect(corrected(600)).toBeCloseTo(628.79, 1);
    const [reading] = veml7700.decode(Uint8Array.of(...hex("E803"), 3));
    expect(reading).toMatchObject({ sensor: "illuminance", unit: "lx", value: corrected(268.8), quality: "good" });
    expect(corrected(268.8)).not.toBeCloseTo(268.8, 0);
  });

  it("says when it is dark, too bright and incomplete", () => {
    expect(veml7700.decode(Uint8Array.of(0, 0, 8))).toMatchObject([{ value: 0, quality: "good" }]);
    expect(veml7700.decode(hex("FFFF 08"))).toMatchObject([{ value: null, reason: "too bright for the range" }]);
    expect(veml7700.decode(hex("FEFF 00"))).toMatchObject([
      { value: null, reason: expect.stringContaining("out of range: expected 0 to 140926 lx") },
    ]);
    expect(veml7700.decode(hex("FF"))).toMatchObject([
      { quality: "bad", reason: expect.stringContaining("incomplete") },
    ]);
  });
});

describe("on a simulated bus", () => {
  it.each([0, 0.5, 26, 250, 1999, 25_000, 119_000])("finds the range for %d lx", async (illuminance) => {
    const { clock, read } = rig(veml7700, veml7700Model, { illuminance });
    const [first] = await read();
    expect(first).toMatchObject({ sensor: "illuminance", quality: "good" });
    // 100 counts or more but in the dark: 0.5 %, and what the correction leaves of gain 1/4 next to gain 1.
    expect(Math.abs((first!.value as number) - illuminance)).toBeLessThanOrEqual(0.006 * illuminance + 0.003);
    const before = clock.now();
    expect(await read()).toEqual([first]);
    // The range is kept, and the part measures all the time.
    expect(clock.now()).toBe(before);
  });

  it("keeps to a range that was chosen", async () => {
    const { read } = rig(veml7700, veml7700Model, { illuminance: 5000 }, { options: { range: "x1t100" } });
    expect(await read()).toMatchObject([{ value: null, quality: "bad", reason: "too bright for the range" }]);
  });

  it("wakes the part after it was closed or without power", async () => {
    const { part, read, close } = rig(veml7700, veml7700Model, { illuminance: 800 });
    const readings = await read();
    await close();
    expect(await read()).toEqual(readings);
    // So briefly that nobody noticed.
    part.unplug();
    part.plug();
    expect(await read()).toEqual(readings);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toEqual(readings);
  });

  it("refuses another part", async () => {
    const { part, read } = rig(veml7700, veml7700Model);
    part.corruptNext();
    await expect(read()).rejects.toThrow("another part answers at 0x10: expected id 0x81 in register 0x07, got 0x91");
  });
});
