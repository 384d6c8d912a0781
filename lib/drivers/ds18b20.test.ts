import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex, maximCrc8 } from "./core";
import { ds18b20 } from "./ds18b20";
import { ds18b20Model } from "./ds18b20.model";

/** A scratchpad at 12 bit with these first two bytes. */
function scratchpad(raw: string): Uint8Array {
  const [high, low] = hex(raw);
  const bytes = Uint8Array.of(low!, high!, 0x4b, 0x46, 0x7f, 0xff, 0x10 - (low! & 0x0f), 0x10);
  return Uint8Array.of(...bytes, maximCrc8(bytes));
}

describe("the conversion", () => {
  /** Table 1 of the datasheet; the shared vectors ds18b20.json. */
  it.each([
    ["07D0", 125],
    ["0550", 85],
    ["0191", 25.0625],
    ["00A2", 10.125],
    ["0008", 0.5],
    ["0000", 0],
    ["FFF8", -0.5],
    ["FF5E", -10.125],
    ["FE6F", -25.0625],
    ["FC90", -55],
  ])("of %s", (raw, temperature) => {
    expect(ds18b20.decode(scratchpad(raw))).toEqual([
      { sensor: "temperature", unit: "Cel", quality: "good", value: temperature },
    ]);
  });

  it("of whole scratchpads", () => {
    expect(ds18b20.decode(hex("91 01 4B 46 7F FF 0F 10 25"))).toMatchObject([{ value: 25.0625 }]);
    expect(ds18b20.decode(hex("5E FF 4B 46 7F FF 0C 10 6A"))).toMatchObject([{ value: -10.125 }]);
  });

  it("doubts the value after power-up", () => {
    expect(ds18b20.decode(hex("50 05 4B 46 7F FF 0C 10 1C"))).toMatchObject([
      { value: 85, quality: "uncertain", reason: "the value after power-up: it may not have measured" },
    ]);
  });

  it("leaves out the bits that a lower resolution does not define", () => {
    const bytes = hex("97 01 4B 46 1F FF 0C 10");
    expect(ds18b20.decode(Uint8Array.of(...bytes, maximCrc8(bytes)))).toMatchObject([{ value: 25 }]);
  });

  it("refuses damage, a line held low and one that nobody drives", () => {
    expect(ds18b20.decode(hex("91 01 4B 46 7F FF 0F 10 26"))).toMatchObject([{ reason: "CRC error" }]);
    expect(ds18b20.decode(new Uint8Array(9))).toMatchObject([{ reason: "the data line is held low" }]);
    expect(ds18b20.decode(new Uint8Array(9).fill(0xff))).toMatchObject([{ quality: "bad", reason: "CRC error" }]);
  });
});

describe("on a simulated bus", () => {
  it("measures, by ROM id and as the only one", async () => {
    const bus = new SimulatedBus("oneWire");
    bus.plug(ds18b20Model, { rom: "28-000001b81c02", values: { temperature: -3.5 } });
    const options = { resolution: "9" };
    for (const rom of ["28-000001b81c02", undefined]) {
      const session = ds18b20.connect(bus.shared(), { rom, options });
      expect(await session.read()).toMatchObject([{ value: -3.5, quality: "good" }]);
    }
    bus.plug(ds18b20Model, { rom: "28-000000000001" });
    await expect(ds18b20.connect(bus.shared(), { options }).read()).rejects.toThrow("2 devices of family 28");
  });
});
