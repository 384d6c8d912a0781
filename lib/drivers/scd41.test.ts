import { describe, expect, it } from "vitest";
import { i2cModel } from "../bus/simulated";
import { hex } from "./core";
import { rig } from "./core/rig";
import { scd41 } from "./scd41";
import { scd41Model } from "./scd41.model";

describe("the conversion", () => {
  /**
   * The example of read_measurement in the SCD4x datasheet: 500 ppm, 25 °C, 37 %. It prints 0x7B as the first checksum, which
   * is that of another example; 0x33 follows from its own algorithm, and public drivers' tests have it.
   */
  it("of the datasheet's example", () => {
    expect(scd41.decode(hex("01F433 6667A2 5EB93C"))).toMatchObject([
      { sensor: "co2", unit: "[ppm]", quality: "good", value: 500 },
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(25, 1) },
      { sensor: "humidity", unit: "%", quality: "good", value: expect.closeTo(37, 1) },
    ]);
  });

  /** The raw ends are -45 and 130 °C (read_measurement); checksums of the shared vectors crc8.json. */
  it("of the ends is bad", () => {
    expect(scd41.decode(hex("000081 000081 000081"))).toMatchObject([
      { value: null, quality: "bad", reason: "the part gave no value" },
      { value: null, quality: "bad", reason: "out of range: expected -10 to 60 Cel, got -45" },
      { value: 0, quality: "good" },
    ]);
    expect(scd41.decode(hex("FFFFAC FFFFAC FFFFAC"))).toMatchObject([
      { value: null, quality: "bad", reason: "out of range: expected 0 to 40000 [ppm], got 65535" },
      { value: null, quality: "bad" },
      { value: 100, quality: "good" },
    ]);
  });

  it("says what is wrong with a damaged and a short frame", () => {
    expect(scd41.decode(hex("01F47B 6667A2"))).toMatchObject([
      { reason: "CRC error" },
      { quality: "good" },
      { reason: "incomplete: expected 9 bytes or more, got 6" },
    ]);
  });
});

describe("on a simulated bus", () => {
  const values = { co2: 843, temperature: -4.5, humidity: 61 };
  const measured = [
    { value: 843 },
    { value: expect.closeTo(-4.5, 2), quality: "good" },
    { value: expect.closeTo(61, 2), quality: "good" },
  ];

  it.each([
    ["periodic", 5000],
    ["lowPower", 30_000],
    ["single", 5000],
  ])("waits for the measurement: %s", async (mode, ms) => {
    const { clock, read } = rig(scd41, scd41Model, values, { options: { mode } });
    const before = clock.now();
    expect(await read()).toMatchObject(measured);
    expect(clock.now() - before).toBeGreaterThanOrEqual(ms);
    expect(clock.now() - before).toBeLessThan(ms + 800);
  });

  it("takes what is there when it is asked later", async () => {
    const { clock, read, pass } = rig(scd41, scd41Model, values);
    await read();
    await pass(60_000);
    const before = clock.now();
    expect(await read()).toMatchObject(measured);
    expect(clock.now() - before).toBeLessThan(10);
  });

  /** set_temperature_offset: 5.4 °C is 0x07E6 in the datasheet's example. */
  it("tells the part how it is mounted", async () => {
    const options = { temperatureOffset: 5.4, altitude: 1950, pressure: 987, selfCalibration: false };
    const { read, written } = rig(scd41, scd41Model, values, { options });
    const [, temperature] = await read();
    expect(temperature).toMatchObject({ value: expect.closeTo(-4.5 - 1.4, 2) });
    // The datasheet's examples of these commands, with their checksums; 0x0000 is 0x81.
    expect(written).toEqual(expect.arrayContaining(["241D07E648", "2427079E09", "E00003DB42", "2416000081"]));
  });

  it("stops a part that was measuring already, and one that is closed", async () => {
    const { part, read, close } = rig(scd41, scd41Model, values);
    part.model.write(hex("21B1"));
    expect(await read()).toMatchObject(measured);
    await close();
    expect(await read()).toMatchObject(measured);
  });

  it("notices that the part was without power, and goes on", async () => {
    const { part, read, pass } = rig(scd41, scd41Model, values);
    await read();
    part.unplug();
    part.plug();
    await expect(read()).rejects.toMatchObject({ code: "timeout", message: expect.stringContaining("within 6 s") });
    await pass(1000);
    expect(await read()).toMatchObject(measured);
    part.unplug();
    await expect(read()).rejects.toMatchObject({ code: "nack" });
  });

  it("gives damaged bytes as bad", async () => {
    const { part, read, pass } = rig(scd41, scd41Model, values);
    await read();
    await pass(6000);
    part.corruptNext(2);
    const reason = "CRC error";
    expect(await read()).toMatchObject([{ reason }, { reason }, { reason }]);
  });

  it("refuses another part, and one that cannot do what it should", async () => {
    const answering = (answer: string, options = {}) => {
      const model = i2cModel({ quantities: {}, create: () => ({ write: () => {}, read: () => hex(answer) }) });
      return rig(scd41, model, {}, { options }).read();
    };
    await expect(answering("20005D")).rejects.toMatchObject({ name: "DriverError" });
    await expect(answering("144000")).rejects.toMatchObject({ name: "BusError", code: "crc" });
    await expect(answering("04403F", { mode: "single" })).rejects.toThrow("an SCD40 cannot measure when asked");
  });
});
