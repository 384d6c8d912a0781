import { describe, expect, it } from "vitest";
import { itNoticesLossOfPower } from "../../test/support/power-loss";
import { VirtualClock } from "../bus";
import { i2cModel, registerModel, SimulatedBus } from "../bus/simulated";
import { adxl345, adxl345Spi } from "./adxl345";
import { adxl345Model, adxl345SpiModel } from "./adxl345.model";
import { hex } from "./core";
import { overheardI2c, overheardSpi } from "./core/overheard";

const G = 9.80665;

describe("the conversion", () => {
  /** Table 1, 256 steps per g at full resolution: the shared vectors adc_imu.json. */
  it("of the vectors", () => {
    expect(adxl345.decode(hex("00 01 00 00 00 FF"))).toEqual([
      { sensor: "acceleration.x", unit: "m/s2", quality: "good", value: expect.closeTo(G, 9) },
      { sensor: "acceleration.y", unit: "m/s2", quality: "good", value: 0 },
      { sensor: "acceleration.z", unit: "m/s2", quality: "good", value: expect.closeTo(-G, 9) },
    ]);
    expect(adxl345Spi.decode(hex("FF 0F 00 F0 80 00"))).toMatchObject([
      { value: expect.closeTo(15.99609375 * G, 9), quality: "uncertain", reason: "at the end of the range" },
      { value: expect.closeTo(-16 * G, 9), quality: "uncertain" },
      { value: expect.closeTo(0.5 * G, 9), quality: "good" },
    ]);
  });

  /** "Data formatting of upper data rates". */
  it("of the top of the range at 1600 Hz, where the lowest bit is always 0", () => {
    const bytes = hex("FE 0F FC 0F 00 00");
    const qualities = (rate: "800" | "1600") =>
      adxl345.decode(bytes, { options: { rate } }).map(({ quality }) => quality);
    expect(qualities("1600")).toEqual(["uncertain", "good", "good"]);
    expect(qualities("800")).toEqual(["good", "good", "good"]);
  });

  it("of a smaller range, and of an answer that is too short", () => {
    const options = { range: "2" } as const;
    expect(adxl345.decode(hex("FF 01 00 FE FE 01"), { options }).map(({ quality }) => quality)).toEqual([
      "uncertain",
      "uncertain",
      "good",
    ]);
    expect(adxl345.decode(hex("00 01"))).toMatchObject([{ quality: "good" }, { quality: "bad" }, { quality: "bad" }]);
  });
});

const values = { "acceleration.x": -G, "acceleration.y": 3 * G, "acceleration.z": 0.5 * G };
const measured = [-G, 3 * G, 0.5 * G].map((value) => ({ value: expect.closeTo(value, 6), quality: "good" }));

describe("on a simulated I2C bus", () => {
  it("is set up as the datasheet says and measures, also after it was away", async () => {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const part = bus.plug(overheardI2c(adxl345Model, sent), { address: 0x53, values });
    const session = adxl345.connect(bus.shared(), { options: { range: "4", rate: "400" } });
    expect(await clock.run(session.read())).toMatchObject(measured);
    // Full resolution at 4 g, 400 Hz, no buffer, measure: tables 19 and 21, table 7.
    expect(sent.slice(1, 6)).toEqual(["2D 00", "31 09", "2C 0C", "38 00", "2D 08"]);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject(measured);
    await clock.run(session.close());
    expect(sent.at(-1)).toBe("2D 00");
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    const other = i2cModel({ quantities: {}, create: () => registerModel({ powerOn: { 0: 0x33 } }) });
    bus.plug(other, { address: 0x53 });
    await expect(adxl345.connect(bus.shared()).read()).rejects.toThrow("expected id 0xE5 in register 0x00, got 0x33");
  });
});

describe("on a simulated SPI bus", () => {
  function connected(options: Record<string, string>, given: object = values) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("spi", clock);
    const sent: string[] = [];
    const part = bus.plug(overheardSpi(adxl345SpiModel, sent), { values: { ...values, ...given } });
    return { clock, part, sent, session: adxl345Spi.connect(bus.shared(), { options }) };
  }

  it("measures, and says when nobody answers", async () => {
    const { clock, part, session } = connected({});
    expect(await clock.run(session.read())).toMatchObject(measured);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toThrow("or does not answer");
    part.plug();
    expect(await clock.run(session.read())).toMatchObject(measured);
    const other = adxl345Spi.connect(new SimulatedBus("spi", clock).shared());
    await expect(clock.run(other.read())).rejects.toThrow("expected id 0xE5 in register 0x00, got 0xFF");
  });

  itNoticesLossOfPower(() => connected({ rate: "400" }), measured);

  it("delivers a second at 1600 Hz in blocks, without a gap", async () => {
    const sine = { curve: { kind: "sine", mean: 0, amplitude: 10, period: 0.02 }, noise: 0 };
    const { clock, session } = connected({ rate: "1600" }, { "acceleration.x": sine });
    const first = await clock.run(session.readBlock!());
    const samples = [...first.channels[0]!.samples];
    const start = first.timestamp;
    for (let i = 0; i < 100; i++) {
      await clock.advance(10);
      const block = await clock.run(session.readBlock!());
      expect(block).toMatchObject({ rateHz: 1600, overrun: false });
      expect(block.channels.map(({ sensor }) => sensor)).toEqual([
        "acceleration.x",
        "acceleration.y",
        "acceleration.z",
      ]);
      expect(block.channels[2]!.samples.every((value) => Math.abs(value - 0.5 * G) < 1e-6)).toBe(true);
      samples.push(...block.channels[0]!.samples);
    }
    expect(samples.length - first.channels[0]!.samples.length).toBe((clock.now() - start) * 1.6);
    // 50 Hz are 32 samples: every sample is as the one a period before. A step of the part at this rate is 0.077 m/s2.
    const deviation = samples.slice(32).map((value, index) => Math.abs(value - samples[index]!));
    expect(Math.max(...deviation)).toBeLessThan(0.16);
    expect(Math.max(...samples)).toBeCloseTo(10, 1);
  });

  it("says when samples are lost, and goes back to single values", async () => {
    const { clock, sent, session } = connected({ rate: "3200" });
    expect((await clock.run(session.readBlock!())).overrun).toBe(false);
    await clock.advance(1000);
    const late = await clock.run(session.readBlock!());
    expect(late.overrun).toBe(true);
    expect(late.channels[0]!.samples).toHaveLength(32);
    await clock.advance(5);
    expect((await clock.run(session.readBlock!())).overrun).toBe(false);
    expect(await clock.run(session.read())).toMatchObject(measured);
    expect(sent.filter((bytes) => bytes.startsWith("38"))).toEqual(["38 00", "38 90", "38 00"]);
  });
});
