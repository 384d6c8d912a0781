import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { i2cModel, SimulatedBus, wordRegisterModel } from "../bus/simulated";
import { hex } from "./core";
import { overheardI2c } from "./core/overheard";
import { ina226 } from "./ina226";
import { ina226Model } from "./ina226.model";

/** The example of the datasheet, table 8-1 (table 1 in SBOS547): 10 A at 12 V through 2 mOhm, with a step of 1 mA. */
const example = { shunt: 0.002, maxCurrent: 32.768 } as const;

describe("the conversion", () => {
  it("of the datasheet's example", () => {
    expect(ina226.decode(hex("1F40 2570 2710 12B8 0008"), { options: example })).toEqual([
      { sensor: "voltage", unit: "V", quality: "good", value: expect.closeTo(11.98, 9) },
      { sensor: "current", unit: "A", quality: "good", value: expect.closeTo(10, 9) },
      { sensor: "power", unit: "W", quality: "good", value: expect.closeTo(119.8, 9) },
      { sensor: "shunt", unit: "V", quality: "good", value: expect.closeTo(0.02, 9) },
    ]);
  });

  /** 7.1.2: -80 mV is 8300h. */
  it("of a current that flows back", () => {
    const options = { shunt: 0.1, maxCurrent: 0.8 };
    expect(ina226.decode(hex("8300 2570 8300 12B8 0008"), { options })).toMatchObject([
      {},
      { quality: "good", value: expect.closeTo(-0.78125, 3) },
      { quality: "good" },
      { quality: "good", value: -0.08 },
    ]);
  });

  it("of a saturated shunt and of an overflow", () => {
    expect(ina226.decode(hex("7FFF 2570 7000 12B8 0008"))).toMatchObject([
      { quality: "good" },
      { quality: "uncertain", reason: "beyond the full scale of the shunt" },
      { quality: "uncertain" },
      { value: expect.closeTo(0.0819, 4), quality: "uncertain" },
    ]);
    expect(ina226.decode(hex("1F40 2570 2710 12B8 000C"), { options: example })).toMatchObject([
      { quality: "good" },
      { value: null, quality: "bad", reason: /overflow/ },
      { value: null, quality: "bad" },
      { quality: "good" },
    ]);
  });

  it("refuses a current that the shunt would not stand", () => {
    expect(() => ina226.channels({ shunt: 0.1, maxCurrent: 1 })).toThrow("the part measures 0.08192 V");
  });
});

describe("on a simulated bus", () => {
  it("is calibrated from its shunt and measures, also after it was away", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const values = { voltage: 11.98, current: -10 };
    const part = bus.plug(overheardI2c(ina226Model, sent), { address: 0x40, options: example, values });
    const session = ina226.connect(bus.shared(), { options: { ...example, samples: "1024" } });
    const measured = [
      { value: expect.closeTo(11.98, 3) },
      { value: expect.closeTo(-10, 2) },
      { value: expect.closeTo(-119.8, 1) },
      { value: expect.closeTo(-0.02, 5) },
    ];
    expect(await clock.run(session.read())).toMatchObject(measured);
    expect(sent).toContain("05 0A 00"); // step 4 of the example
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject(measured);
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    const other = i2cModel({ quantities: {}, create: () => wordRegisterModel({ read: () => 0x399f }) });
    bus.plug(other, { address: 0x40 });
    await expect(ina226.connect(bus.shared()).read()).rejects.toThrow(
      "another part answers at 0x40: expected id 0x5449 in register 0xFE, got 0x399F",
    );
  });
});
