import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { i2cModel, SimulatedBus, wordRegisterModel } from "../bus/simulated";
import { hex } from "./core";
import { overheardI2c } from "./core/overheard";
import { ina219 } from "./ina219";
import { ina219Model } from "./ina219.model";

/** The example of the datasheet's table 8: 10 A at 12 V through 2 mOhm, with a step of 1 mA. */
const example = { shunt: 0.002, maxCurrent: 32.768, maxVoltage: "16" } as const;

describe("the conversion", () => {
  it("of the datasheet's example, table 8", () => {
    expect(ina219.decode(hex("07D0 5D98 2710 1766"), { options: example })).toEqual([
      { sensor: "voltage", unit: "V", quality: "good", value: expect.closeTo(11.98, 9) },
      { sensor: "current", unit: "A", quality: "good", value: expect.closeTo(10, 9) },
      { sensor: "power", unit: "W", quality: "good", value: expect.closeTo(119.8, 9) },
      { sensor: "shunt", unit: "V", quality: "good", value: expect.closeTo(0.02, 9) },
    ]);
  });

  /** Table 7: shunt register of -320 mV at full scale is 8300h, of -20 mV F830h. */
  it("of a current that flows back", () => {
    expect(ina219.decode(hex("F830 5D98 D8F0 1766"), { options: example })).toMatchObject([
      { value: expect.closeTo(11.98, 9) },
      { value: expect.closeTo(-10, 9), quality: "good" },
      { value: expect.closeTo(-119.8, 9) },
      { value: expect.closeTo(-0.02, 9) },
    ]);
  });

  it("of a saturated shunt and of an overflow", () => {
    expect(ina219.decode(hex("8300 5D98 8000 1766"))).toMatchObject([
      { quality: "good" },
      { quality: "uncertain", reason: "beyond the full scale of the shunt" },
      { quality: "uncertain" },
      { value: -0.32, quality: "uncertain" },
    ]);
    expect(ina219.decode(hex("07D0 5D99 2710 1766"), { options: example })).toMatchObject([
      { quality: "good" },
      { value: null, quality: "bad", reason: /overflow/ },
      { value: null, quality: "bad" },
      { quality: "good" },
    ]);
  });

  it("refuses a current that the shunt would not stand", () => {
    expect(() => ina219.channels({ shunt: 0.1, maxCurrent: 5 })).toThrow("the part measures 0.32 V");
  });
});

describe("on a simulated bus", () => {
  it("is calibrated from its shunt and measures", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const values = { voltage: 11.98, current: -10 };
    const part = bus.plug(overheardI2c(ina219Model, sent), { address: 0x40, options: example, values });
    const session = ina219.connect(bus.shared(), { options: example });
    expect(await clock.run(session.read())).toMatchObject([
      { value: expect.closeTo(11.98, 3) },
      { value: expect.closeTo(-10, 2) },
      { value: expect.closeTo(-119.8, 1) },
      { value: expect.closeTo(-0.02, 5) },
    ]);
    expect(sent).toContain("05 50 00"); // table 8, step 4
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{}, { value: expect.closeTo(-10, 2) }, {}, {}]);
  });

  it("measures again by itself after a loss of power that nobody noticed", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(ina219Model, { address: 0x41, values: { voltage: 5, current: 1 } });
    const session = ina219.connect(bus.shared(), { address: 0x41 });
    await clock.run(session.read());
    part.unplug();
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{ value: 5 }, { value: expect.closeTo(1, 2) }, {}, {}]);
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    const other = i2cModel({ quantities: {}, create: () => wordRegisterModel({ read: () => 0x4127 }) });
    bus.plug(other, { address: 0x40 });
    await expect(ina219.connect(bus.shared()).read()).rejects.toThrow("expected 0x399F in register 0x00");
  });
});
