import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { ds3231 } from "./ds3231";
import { ds3231Model } from "./ds3231.model";

/** Registers 00h to 12h: the time, no alarms, control and status, no aging, the temperature. */
const registers = (time: string, temperature = "1940", status = "08") =>
  hex(`${time} 00000000000000 1C ${status} 00 ${temperature}`);

describe("the conversion", () => {
  /** "Temperature registers (11h-12h)": 25.25 °C is 00011001 01; two's complement. */
  it.each([
    ["1940", 25.25],
    ["0000", 0],
    ["FFC0", -0.25],
    ["E6C0", -25.25],
    ["D800", -40],
    ["5500", 85],
  ])("of the temperature %s", (raw, celsius) => {
    expect(ds3231.decode(registers("00000001010126", raw))[0]).toEqual({
      sensor: "temperature",
      unit: "Cel",
      quality: "good",
      value: celsius,
    });
  });

  /** Figure 1: BCD digits, 12 or 24 hours, the century in bit 7 of the month. */
  it.each([
    ["00 00 00 07 01 01 00", "2000-01-01T00:00:00Z"],
    ["59 59 23 05 31 12 99", "2099-12-31T23:59:59Z"],
    ["56 34 12 06 29 02 24", "2024-02-29T12:34:56Z"],
    ["56 34 52 06 29 02 24", "2024-02-29T00:34:56Z"], // 12 AM
    ["56 34 72 06 29 02 24", "2024-02-29T12:34:56Z"], // 12 PM
    ["56 34 61 06 29 02 24", "2024-02-29T13:34:56Z"], // 1 PM
    ["00 00 00 06 01 81 00", "2100-01-01T00:00:00Z"],
  ])("of the time %s", (time, iso) => {
    expect(ds3231.decode(registers(time))[1]).toMatchObject({ value: Date.parse(iso) / 1000, quality: "good" });
  });

  it("has no time when the clock was stopped or the digits are none", () => {
    expect(ds3231.decode(registers("00000001010126", "1940", "88"))).toMatchObject([
      { value: 25.25 },
      { value: null, quality: "bad", reason: "the clock was stopped: its time is not set" },
    ]);
    for (const time of ["6A000001010126", "00000001000126", "00000001011326", "0000000101 01FF", "00006001010126"]) {
      expect(ds3231.decode(registers(time))[1]).toMatchObject({ value: null, quality: "bad" });
    }
    expect(ds3231.decode(hex("00 00"))).toMatchObject([{ quality: "bad" }, { quality: "bad" }]);
  });
});

describe("on a simulated bus", () => {
  it("tells the time and the temperature, and comes back", async () => {
    const clock = new VirtualClock(Date.UTC(2026, 10, 20, 6, 50, 0));
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(ds3231Model, { address: 0x68, values: { temperature: -12.5 } });
    const session = ds3231.connect(bus.shared());
    const [temperature, time] = await clock.run(session.read());
    expect(temperature).toMatchObject({ value: -12.5, quality: "good" });
    expect(time!.value).toBe(Math.floor(clock.now() / 1000));
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject([{ value: -12.5 }, { quality: "good" }]);
  });
});
