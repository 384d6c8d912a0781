import { describe, expect, it } from "vitest";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { sht31 } from "./sht31";
import { sht31Model } from "./sht31.model";

describe("the conversion", () => {
  /** Sensirion's formulas and CRC (SHT3x datasheet 4.12, 4.13): the shared vectors sht3x.json. */
  it.each([
    ["6666938000A2", 25, 50.0008],
    ["6B12EF5A3C30", 28.1937, 35.2483],
    ["5EB93C7C8074", 19.7528, 48.6336],
  ])("of %s", (frame, temperature, humidity) => {
    const readings = sht31.decode(hex(frame));
    expect(readings).toMatchObject([
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(temperature, 4) },
      { sensor: "humidity", unit: "%", quality: "good", value: expect.closeTo(humidity, 4) },
    ]);
  });

  it("says what is wrong with a damaged, a saturated and a short frame", () => {
    expect(sht31.decode(hex("6666948000A2"))).toMatchObject([
      { value: null, quality: "bad", reason: "CRC error" },
      { quality: "good" },
    ]);
    expect(sht31.decode(hex("FFFFAC000081"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected -40 to 125 Cel, got 130" },
      { value: 0, quality: "good" },
    ]);
    expect(sht31.decode(hex("666693"))).toMatchObject([
      { quality: "good" },
      { quality: "bad", reason: "incomplete: expected 6 bytes or more, got 3" },
    ]);
  });
});

describe("on a simulated bus", () => {
  function connected() {
    const bus = new SimulatedBus("i2c");
    const part = bus.plug(sht31Model, { address: 0x44, values: { temperature: -12.5, humidity: 80 } });
    return { part, session: sht31.connect(bus.shared()) };
  }

  it("measures", async () => {
    const { session } = connected();
    // A step of the part is 0.0027 Cel and 0.0015 % (4.13).
    expect(await session.read()).toMatchObject([
      { sensor: "temperature", value: expect.closeTo(-12.5, 2) },
      { sensor: "humidity", value: expect.closeTo(80, 2) },
    ]);
  });

  it("says when it is not there, and measures again when it is back", async () => {
    const { part, session } = connected();
    part.unplug();
    await expect(session.read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await session.read()).toMatchObject([{ quality: "good" }, { quality: "good" }]);
  });

  it("gives damaged bytes as bad", async () => {
    const { part, session } = connected();
    part.corruptNext();
    expect(await session.read()).toMatchObject([{ quality: "bad", reason: "CRC error" }, { quality: "good" }]);
  });
});
