import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { max6675 } from "./max6675";
import { max6675Model } from "./max6675.model";

describe("the conversion", () => {
  /** Table 1: D14 to D3 are the temperature, all zeros 0 °C and all ones 1023.75 °C ("Digitization"). */
  it.each([
    ["0000", 0],
    ["0008", 0.25],
    ["0320", 25],
    ["3E80", 500],
    ["7FF0", 1023.5],
  ])("of %s", (frame, temperature) => {
    expect(max6675.decode(hex(frame))).toEqual([
      { sensor: "temperature", unit: "Cel", quality: "good", value: temperature },
    ]);
  });

  it("of the end of the scale, an open input and a missing part", () => {
    expect(max6675.decode(hex("7FF8"))).toMatchObject([{ value: 1023.75, quality: "uncertain" }]);
    expect(max6675.decode(hex("0324"))).toMatchObject([{ value: null, quality: "bad", reason: "open circuit" }]);
    expect(max6675.decode(hex("FFFF"))).toMatchObject([{ value: null, quality: "bad", reason: /nobody/ }]);
    expect(max6675.decode(hex("03"))).toMatchObject([{ value: null, quality: "bad" }]);
  });
});

describe("on a simulated bus", () => {
  it("measures, and notices an open thermocouple and a missing part", async () => {
    const bus = new SimulatedBus("spi");
    const part = bus.plug(max6675Model, { values: { temperature: 350.25 } });
    const session = max6675.connect(bus.shared());
    expect(await session.read()).toMatchObject([{ value: 350.25, quality: "good" }]);
    part.unplug();
    expect(await session.read()).toMatchObject([{ quality: "bad" }]);
    bus.plug(max6675Model, { chipSelect: 1, values: { open: 1 } });
    expect(await max6675.connect(bus.shared(), { chipSelect: 1 }).read()).toMatchObject([{ reason: "open circuit" }]);
  });
});
