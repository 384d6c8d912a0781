import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { max31855 } from "./max31855";
import { max31855Model } from "./max31855.model";

/** A frame of table 2 with these bits of tables 4 and 5. */
function frame(thermocouple: string, junction: string): Uint8Array {
  const bits = Number.parseInt(`${thermocouple}00${junction}0000`, 2) >>> 0;
  return hex(bits.toString(16).padStart(8, "0"));
}

/** Tables 4 and 5 of the datasheet: the shared vectors max31855.json. */
describe("the conversion", () => {
  it.each([
    ["01100100000000", 1600],
    ["00111110100000", 1000],
    ["00000110010011", 100.75],
    ["00000001100100", 25],
    ["00000000000000", 0],
    ["11111111111111", -0.25],
    ["11111111111100", -1],
    ["11110000011000", -250],
  ])("of a thermocouple at %s", (bits, temperature) => {
    expect(max31855.decode(frame(bits, "000110010000"))).toEqual([
      { sensor: "temperature", unit: "Cel", quality: "good", value: temperature },
      { sensor: "junction", unit: "Cel", quality: "good", value: 25 },
    ]);
  });

  it.each([
    ["011001001001", 100.5625],
    ["000110010000", 25],
    ["000000000000", 0],
    ["111111111111", -0.0625],
    ["111111110000", -1],
    ["111011000000", -20],
    ["110010010000", -55],
  ])("of a junction at %s", (bits, junction) => {
    expect(max31855.decode(frame("00000001100100", bits))[1]).toMatchObject({ quality: "good", value: junction });
  });

  it.each([
    ["064C1900", 100.75, 25],
    ["F060EC00", -250, -20],
    ["64006490", 1600, 100.5625],
    ["FFFCFFF0", -0.25, -0.0625],
  ])("of the frame %s", (text, temperature, junction) => {
    expect(max31855.decode(hex(text))).toMatchObject([{ value: temperature }, { value: junction }]);
  });

  it.each([
    ["00011901", "open circuit"],
    ["00011902", "short to GND"],
    ["00011904", "short to VCC"],
  ])("of the fault %s", (text, reason) => {
    expect(max31855.decode(hex(text))).toMatchObject([
      { value: null, quality: "bad", reason },
      { value: 25, quality: "good" },
    ]);
  });

  it("tells a missing part and a line that is held low from a temperature", () => {
    expect(max31855.decode(hex("FFFFFFFF"))).toMatchObject([{ quality: "bad" }, { quality: "bad" }]);
    expect(max31855.decode(hex("00000000"))).toMatchObject([{ value: 0, quality: "uncertain" }, {}]);
    expect(max31855.decode(hex("064C"))).toMatchObject([
      { quality: "bad", reason: expect.stringContaining("4 bytes") },
      {},
    ]);
  });

  it("refuses what the internal sensor cannot measure", () => {
    expect(max31855.decode(frame("00000001100100", "011111110000"))[1]).toMatchObject({
      quality: "bad",
      reason: "out of range: expected -55 to 125 Cel, got 127",
    });
  });
});

describe("on a simulated bus", () => {
  it("measures, reports faults and notices when it is away", async () => {
    const bus = new SimulatedBus("spi");
    const part = bus.plug(max31855Model, { values: { temperature: -99.5, junction: -10 } });
    const session = max31855.connect(bus.shared());
    expect(await session.read()).toMatchObject([{ value: -99.5 }, { value: -10 }]);
    part.unplug();
    expect(await session.read()).toMatchObject([{ quality: "bad" }, { quality: "bad" }]);
    bus.plug(max31855Model, { chipSelect: 1, values: { junction: 20, fault: 1 } });
    expect(await max31855.connect(bus.shared(), { chipSelect: 1 }).read()).toMatchObject([
      { value: null, reason: "open circuit" },
      { value: 20, quality: "good" },
    ]);
  });
});
