import { describe, expect, it } from "vitest";
import { i2cModel, registerModel } from "../bus/simulated";
import { hex } from "./core";
import { rig } from "./core/rig";
import { tfluna } from "./tfluna";
import { tflunaModel } from "./tfluna.model";

/** Eight registers from 0x00 on: distance in cm, signal, temperature in 0.01 °C, time stamp, each low byte first. */
const frame = (distance: string, signal = "DC 05", temperature = "B2 0C") =>
  hex(`${distance} ${signal} ${temperature} 10 27`);

describe("the conversion", () => {
  /** AnesBenmerzoug/embedded-tfluna, tests/integration_i2c_mock.rs, test_measure: 10 cm, 100 and 32.5 °C. */
  it("of another implementation's vector, which is nearer than the part measures", () => {
    expect(tfluna.decode(hex("0A 00 64 00 B2 0C 00 00"))).toEqual([
      { sensor: "distance", unit: "mm", value: 100, quality: "uncertain", reason: expect.stringMatching(/^nearer/) },
      { sensor: "signal", unit: "1", value: 100, quality: "good" },
      { sensor: "temperature", unit: "Cel", value: 32.5, quality: "good" },
    ]);
  });

  /** The operating range in the manual's characteristics: 0.2 to 8 m. */
  it.each([
    ["14 00", 200, "good"],
    ["20 03", 8000, "good"],
    ["21 03", null, "bad"],
    ["FF FF", null, "bad"],
    ["13 00", 190, "uncertain"],
    ["00 00", 0, "uncertain"],
  ])("of distance %s", (raw, value, quality) => {
    expect(tfluna.decode(frame(raw))[0]).toMatchObject({ value, quality });
  });

  /** Manual, 6.4: unreliable below 100 and at 65535; above 32768 light around; above 30000 none should be. */
  it.each([
    ["64 00", "good", undefined],
    ["30 75", "good", undefined],
    ["31 75", "uncertain", "unusually strong signal 30001"],
    ["01 80", "bad", "blinded by the light around: signal 32769"],
    ["FF FF", "bad", "overexposed: the target is too bright or too near"],
    ["63 00", "bad", "no target, or a dark one: signal 99, below 100"],
    ["00 00", "bad", "no target, or a dark one: signal 0, below 100"],
  ])("with signal %s", (signal, quality, reason) => {
    const [distance, strength] = tfluna.decode(frame("FA 00", signal));
    expect(distance).toMatchObject({ value: quality === "bad" ? null : 2500, quality });
    expect(distance?.reason).toBe(reason);
    expect(strength?.quality).toBe("good");
  });

  it("of cold, of what no chip has, and of a short answer", () => {
    const temperature = (raw: string) => tfluna.decode(frame("FA 00", "DC 05", raw))[2];
    expect(temperature("18 FC")).toMatchObject({ value: -10, quality: "good" });
    expect(temperature("FF 7F")).toMatchObject({ value: null, quality: "bad" });
    expect(temperature("00 80")).toMatchObject({ value: null, reason: expect.stringContaining("got -327.68") });
    const short = tfluna.decode(hex("FA 00 DC"));
    expect(short.map(({ quality }) => quality)).toEqual(["bad", "bad", "bad"]);
  });
});

describe("on a simulated bus", () => {
  it("is triggered for each measurement", async () => {
    const { read, written, pass } = rig(tfluna, tflunaModel, { distance: 3210, signal: 800, temperature: -7.25 });
    const measured = [
      { value: 3210, quality: "good" },
      { value: 800, quality: "good" },
      { value: -7.25, quality: "good" },
    ];
    expect(await read()).toMatchObject(measured);
    await pass(1000);
    expect(await read()).toMatchObject(measured);
    expect(written.filter((bytes) => bytes.length > 2)).toEqual(["2301", "2401", "2401"]);
  });

  it("triggers once more when a time stamp recurs", async () => {
    const { read, written, pass, clock } = rig(tfluna, tflunaModel);
    await read();
    const measuredAt = clock.now() - 10;
    await pass(65_536 - (clock.now() - measuredAt) - 10);
    expect(await read()).toMatchObject([{ quality: "good" }, {}, {}]);
    expect(written.filter((bytes) => bytes === "2401")).toHaveLength(3);
  });

  it("says when there is no target", async () => {
    const { read } = rig(tfluna, tflunaModel, { signal: 40 });
    expect(await read()).toMatchObject([
      { value: null, quality: "bad", reason: expect.stringMatching(/^no target/) },
      { value: 40, quality: "good" },
      { quality: "good" },
    ]);
  });

  it("says that it does not measure, instead of giving the last distance again", async () => {
    const powerOn = { 0: [100, 0, 220, 5], 60: [...Buffer.from("LUNA")] };
    const frozen = i2cModel({ quantities: {}, create: () => registerModel({ powerOn }) });
    await expect(rig(tfluna, frozen).read()).rejects.toMatchObject({ code: "timeout" });
  });

  it("is triggered again after it was away or without power", async () => {
    const { part, read, written } = rig(tfluna, tflunaModel, { distance: 640 });
    await read();
    part.unplug();
    await expect(read()).rejects.toMatchObject({ name: "BusError", code: "nack" });
    part.plug();
    expect(await read()).toMatchObject([{ value: 640 }, {}, {}]);
    part.unplug();
    part.plug();
    expect(await read()).toMatchObject([{ value: 640 }, {}, {}]);
    expect(written.filter((bytes) => bytes === "2301")).toHaveLength(3);
  });

  it("refuses another part, as the VEML7700 at the same address", async () => {
    const other = i2cModel({ quantities: {}, create: () => registerModel({ powerOn: { 60: [0x81, 0xc4, 0, 0] } }) });
    await expect(rig(tfluna, other).read()).rejects.toThrow(
      'expected the signature "LUNA" in register 0x3C, got 81 C4 00 00',
    );
  });
});
