import { describe, expect, it } from "vitest";
import { itNoticesLossOfPower } from "../../test/support/power-loss";
import { VirtualClock } from "../bus";
import { i2cModel, registerModel, SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { overheardI2c } from "./core/overheard";
import { mpu6050 } from "./mpu6050";
import { mpu6050Model } from "./mpu6050.model";

const G = 9.80665;

describe("the conversion", () => {
  /** Registers 0x3B to 0x48 at 2 g and 250 °/s: the shared vectors adc_imu.json. */
  it("of the vector", () => {
    const options = { acceleration: "2", rotation: "250" } as const;
    const readings = mpu6050.decode(hex("40 00 C0 00 00 00 F0 60 00 83 FF 7D 00 00"), { options });
    expect(readings).toEqual([
      { sensor: "acceleration.x", unit: "m/s2", quality: "good", value: expect.closeTo(G, 9) },
      { sensor: "acceleration.y", unit: "m/s2", quality: "good", value: expect.closeTo(-G, 9) },
      { sensor: "acceleration.z", unit: "m/s2", quality: "good", value: 0 },
      { sensor: "rotation.x", unit: "deg/s", quality: "good", value: 1 },
      { sensor: "rotation.y", unit: "deg/s", quality: "good", value: -1 },
      { sensor: "rotation.z", unit: "deg/s", quality: "good", value: 0 },
      { sensor: "temperature", unit: "Cel", quality: "good", value: expect.closeTo(24.7653, 4) },
    ]);
  });

  /** 4.17 and 4.19: steps per g and per degree per second. */
  it.each([
    ["2", 16384, "250", 131],
    ["4", 8192, "500", 65.5],
    ["8", 4096, "1000", 32.8],
    ["16", 2048, "2000", 16.4],
  ] as const)("at %s g and %s steps, %s °/s", (acceleration, perG, rotation, perDegree) => {
    const readings = mpu6050.decode(hex("04 00 FC 00 00 00 0000 04 00 FC 00 00 00"), {
      options: { acceleration, rotation },
    });
    expect(readings[0]!.value).toBeCloseTo((1024 / perG) * G, 9);
    expect(readings[1]!.value).toBeCloseTo((-1024 / perG) * G, 9);
    expect(readings[3]!.value).toBeCloseTo(1024 / perDegree, 9);
    expect(readings[4]!.value).toBeCloseTo(-1024 / perDegree, 9);
  });

  it("of both ends of the range and of a short answer", () => {
    expect(mpu6050.decode(hex("7FFF 8000 0000 8000 7FFF 8000 00"))).toMatchObject([
      { quality: "uncertain", reason: "at the end of the range" },
      { quality: "uncertain" },
      { quality: "good" },
      { quality: "uncertain" },
      { quality: "uncertain" },
      { value: null, quality: "bad" },
      { value: null, quality: "bad", reason: /out of range/ },
    ]);
  });
});

describe("on a simulated bus", () => {
  const values = {
    ...{ "acceleration.x": -G, "acceleration.y": 1.5 * G, "acceleration.z": 0.5 * G },
    ...{ "rotation.x": -100, "rotation.y": 200, "rotation.z": 0, temperature: -5 },
  };
  const expected = [-G, 1.5 * G, 0.5 * G, -100, 200, 0, -5];
  const measured = expected.map((value) => ({ value: expect.closeTo(value, 2), quality: "good" }));

  function connected(options: Record<string, string>, given: object = {}) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const part = bus.plug(overheardI2c(mpu6050Model, sent), { address: 0x68, values: { ...values, ...given } });
    return { clock, part, sent, session: mpu6050.connect(bus.shared(), { options }) };
  }

  it("is set up as the register map says and measures, also after it was away", async () => {
    const { clock, part, sent, session } = connected({ acceleration: "16", rotation: "500", rate: "100" });
    expect(await clock.run(session.read())).toMatchObject(measured);
    expect(sent.slice(1, 6)).toEqual(["6B 80", "6B 01", "19 09 03", "1B 08 18", "38 10"]);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject(measured);
  });

  itNoticesLossOfPower(() => connected({ rate: "100" }), measured);

  it("delivers two seconds at 1000 Hz in blocks of six axes, without a gap", async () => {
    const sine = { curve: { kind: "sine", mean: 0, amplitude: 10, period: 0.02 }, noise: 0 };
    const { clock, session } = connected({ rate: "1000" }, { "acceleration.x": sine });
    const samples: number[] = [];
    for (let i = 0; i < 40; i++) {
      const block = await clock.run(session.readBlock!());
      expect(block).toMatchObject({ rateHz: 1000, overrun: false });
      expect(block.channels.map(({ unit }) => unit)).toEqual(["m/s2", "m/s2", "m/s2", "deg/s", "deg/s", "deg/s"]);
      expect(block.channels[4]!.samples.every((value) => Math.abs(value - 200) < 0.01)).toBe(true);
      samples.push(...block.channels[0]!.samples);
      await clock.advance(50);
    }
    expect(samples.length).toBe(20 + 39 * 50);
    // 50 Hz are 20 samples.
    const deviation = samples.slice(20).map((value, index) => Math.abs(value - samples[index]!));
    expect(Math.max(...deviation)).toBeLessThan(0.01);
  });

  it("begins anew when its buffer was full", async () => {
    const { clock, session } = connected({ rate: "1000" });
    await clock.run(session.readBlock!());
    await clock.advance(500);
    const late = await clock.run(session.readBlock!());
    expect(late.overrun).toBe(true);
    expect(late.channels[0]!.samples).toHaveLength(0);
    await clock.advance(30);
    const next = await clock.run(session.readBlock!());
    expect(next.overrun).toBe(false);
    expect([...next.channels[3]!.samples]).toEqual(new Array(30).fill(expect.closeTo(-100, 2)));
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    const other = i2cModel({ quantities: {}, create: () => registerModel({ powerOn: { 117: 0x71 } }) });
    bus.plug(other, { address: 0x68 });
    await expect(mpu6050.connect(bus.shared()).read()).rejects.toThrow("got 0x71, which is an MPU9250");
  });
});
