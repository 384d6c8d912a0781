import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { sn3002, sn3002Ec, sn3002Ph } from "./sn3002";
import { sn3002EcModel, sn3002Model } from "./sn3002.model";

describe("the conversion", () => {
  it("of the manual's example, below zero", () => {
    /** SN-3001-TR-*-N01 user's manual, 5.4: 01 03 08 02 92 FF 9B 03 E8 00 38 57 B6. */
    expect(sn3002Ph.decode(hex("0292 FF9B 03E8 0038"))).toMatchObject([
      { sensor: "moisture", unit: "%", quality: "good", value: expect.closeTo(65.8, 9) },
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(-10.1, 9) },
      { sensor: "conductivity", unit: "uS/cm", quality: "good", value: 1000 },
      { sensor: "ph", unit: "[pH]", quality: "good", value: expect.closeTo(5.6, 9) },
    ]);
  });

  it("of another maker's example", () => {
    /** myduino/Industrial-Soil-Sensor-RS485, README, "3-in-1": 01 03 06 01 EF 01 44 00 04 B5 59. */
    expect(sn3002Ec.decode(hex("01EF 0144 0004"))).toMatchObject([
      { value: expect.closeTo(49.5, 9) },
      { value: expect.closeTo(32.4, 9) },
      { value: 4 },
    ]);
  });

  it("of what it cannot have measured", () => {
    expect(sn3002.decode(hex("03E9 7FFF FFFF 0000 0BB7 0000"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected 0 to 100 %, got 100.1" },
      { reason: "out of range: expected -40 to 80 Cel, got 3276.7" },
      { reason: "out of range: expected 0 to 20000 uS/cm, got 65535" },
      { reason: "out of range: expected 3 to 9 [pH], got 0" },
      { quality: "good", value: 2999 },
      { quality: "good", value: 0 },
      { quality: "bad", reason: "incomplete: expected 14 bytes or more, got 12" },
    ]);
  });
});

describe("on a simulated line", () => {
  const values = { moisture: 12.3, temperature: -3.4, conductivity: 850, ph: 7.1 };

  it("two probes share it", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    bus.plug(sn3002Model, { address: 1, values: { ...values, nitrogen: 40, phosphorus: 1999, potassium: 0 } });
    bus.plug(sn3002EcModel, { address: 247, values: { moisture: 80, temperature: 21, conductivity: 0 } });
    const line = bus.shared();
    const sessions = [sn3002.connect(line), sn3002Ec.connect(line, { address: 247 })];
    const read = await clock.run(Promise.all(sessions.map((session) => session.read())));
    const shown = read.map((readings) => readings.map(({ value }) => Number((value as number).toFixed(6))));
    expect(shown).toEqual([
      [12.3, -3.4, 850, 7.1, 40, 1999, 0],
      [80, 21, 0],
    ]);
  });

  it("says what a probe without pH answers when it is asked for pH", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("serial", clock);
    bus.plug(sn3002EcModel, { address: 1 });
    await expect(clock.run(sn3002.connect(bus.shared()).read())).rejects.toMatchObject({
      code: "nack",
      message: "unit 1 refused: it has no such register (exception 2)",
    });
  });
});
