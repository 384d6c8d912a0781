import { describe, expect, it } from "vitest";
import { VirtualClock } from "../bus";
import { i2cModel, registerModel, SimulatedBus } from "../bus/simulated";
import { overheardI2c } from "./core/overheard";
import { max30102 } from "./max30102";
import { max30102Model } from "./max30102.model";

/** Eight seconds at 50 Hz as the buffer gives them: red, then infrared, three bytes each with 18 bits. */
function frame(counts: (seconds: number) => readonly [red: number, infrared: number]): Uint8Array {
  return Uint8Array.from(
    Array.from({ length: 400 }, (_, index) =>
      counts(index / 50).flatMap((value) => {
        const whole = Math.round(value);
        // What the upper six bits read is not said: here ones.
        return [0xfc | (whole >> 16), (whole >> 8) & 0xff, whole & 0xff];
      }),
    ).flat(),
  );
}

const sine = (seconds: number) => Math.sin(2 * Math.PI * 1.2 * seconds);

describe("the conversion", () => {
  /** 72 beats a minute; AN6845 gives 95.759 % at a ratio of 0.5. */
  it("of light that pulsates with known rate and ratio", () => {
    const bytes = frame((time) => [90_000 * (1 + 0.005 * sine(time)), 120_000 * (1 + 0.01 * sine(time))]);
    expect(max30102.decode(bytes)).toEqual([
      { sensor: "heartRate", unit: "/min", quality: "good", value: expect.closeTo(72, 0) },
      { sensor: "spo2", unit: "%", quality: "good", value: expect.closeTo(95.759, 1) },
      { sensor: "perfusion", unit: "%", quality: "good", value: expect.closeTo(2, 0) },
    ]);
  });

  it("doubts what is below 70 %", () => {
    const bytes = frame((time) => [90_000 * (1 + 0.0135 * sine(time)), 120_000 * (1 + 0.01 * sine(time))]);
    expect(max30102.decode(bytes)[1]).toMatchObject({ value: expect.closeTo(68.8, 1), quality: "uncertain" });
  });

  it.each([
    ["no finger on the sensor", frame(() => [900, 1200])],
    ["too bright: the LED current has to be lower", frame(() => [262_143, 262_143])],
    ["there are too few beats", frame(() => [90_000, 120_000])],
    ["the part gave no samples", new Uint8Array(0)],
    ["too short: a pulse takes three seconds to be seen", frame(() => [90_000, 120_000]).subarray(0, 600)],
  ])("has no pulse: %s", (reason, bytes) => {
    expect(max30102.decode(bytes)).toEqual([
      { sensor: "heartRate", unit: "/min", value: null, quality: "bad", reason },
      { sensor: "spo2", unit: "%", value: null, quality: "bad", reason },
      { sensor: "perfusion", unit: "%", value: null, quality: "bad", reason },
    ]);
  });
});

describe("on a simulated bus", () => {
  function connected(values: Record<string, number> = {}) {
    const clock = new VirtualClock(Date.UTC(2026, 5, 1));
    const bus = new SimulatedBus("i2c", clock);
    const sent: string[] = [];
    const part = bus.plug(overheardI2c(max30102Model, sent), { address: 0x57, values });
    return { clock, bus, part, sent, session: max30102.connect(bus.shared()) };
  }

  it.each([
    [48, 99],
    [72, 97],
    [115, 91],
    [170, 82],
  ])("measures %d beats a minute and %d %%", async (heartRate, spo2) => {
    const { clock, sent, session } = connected({ heartRate, spo2, strength: 1.5 });
    const [rate, saturation] = await clock.run(session.read());
    expect(rate!.value).toBeGreaterThan(heartRate * 0.98);
    expect(rate!.value).toBeLessThan(heartRate * 1.02);
    expect(saturation!.value).toBeGreaterThan(spo2 - 1);
    expect(saturation!.value).toBeLessThan(spo2 + 1);
    // Tables 4 to 8; the LEDs are off afterwards.
    expect(sent.slice(1, 6)).toEqual(["09 40", "08 40", "0A 2B", "0C 23 23", "09 83"]);
    expect(sent.at(-1)).toBe("09 83");
  });

  it("says that there is no finger, that it is away, and measures again", async () => {
    const { clock, bus, part, session } = connected({ heartRate: 60, spo2: 98 });
    const readings = await clock.run(session.read());
    expect(readings[0]).toMatchObject({ quality: "good" });
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect((await clock.run(session.read()))[0]).toMatchObject({ quality: "good" });
    bus.remove({ address: 0x57 });
    bus.plug(max30102Model, { address: 0x57, values: { finger: 0 } });
    const other = max30102.connect(bus.shared());
    expect(await clock.run(other.read())).toMatchObject([{ reason: "no finger on the sensor" }, {}, {}]);
  });

  it("notices that it was without power between two readings", async () => {
    const { clock, part, session } = connected({ heartRate: 80 });
    await clock.run(session.read());
    part.unplug();
    part.plug();
    await expect(clock.run(session.read())).rejects.toThrow("it has lost its power");
    expect(await clock.run(session.read())).toMatchObject([{ quality: "good" }, { quality: "good" }, {}]);
  });

  it("notices it between two blocks, too", async () => {
    const { clock, part, session } = connected({ heartRate: 80 });
    await clock.run(session.readBlock!());
    part.unplug();
    part.plug();
    await expect(clock.run(session.readBlock!())).rejects.toThrow("it has lost its power");
    expect(await clock.run(session.readBlock!())).toMatchObject({ overrun: false });
  });

  it("delivers the light in blocks, and says when some of it is lost", async () => {
    const { clock, session } = connected({ heartRate: 60, spo2: 98, noise: 0 });
    let count = 0;
    for (let i = 0; i < 20; i++) {
      const block = await clock.run(session.readBlock!());
      expect(block).toMatchObject({ rateHz: 50, overrun: false });
      expect(block.channels.map(({ sensor }) => sensor)).toEqual(["red", "infrared"]);
      expect(block.channels[1]!.samples.every((value) => value > 100_000 && value < 130_000)).toBe(true);
      count += block.channels[0]!.samples.length;
      await clock.advance(300);
    }
    expect(count).toBe(10 + 19 * 15);
    await clock.advance(5000);
    const late = await clock.run(session.readBlock!());
    expect(late.overrun).toBe(true);
    expect(late.channels[0]!.samples).toHaveLength(32);
    await clock.advance(200);
    expect((await clock.run(session.readBlock!())).overrun).toBe(false);
  });

  it("gives up when the bus was taken for so long that samples were lost, and measures the next time", async () => {
    const { clock, bus, sent } = connected();
    const shared = bus.shared();
    const session = max30102.connect(shared);
    const other = clock.wait(500).then(() => shared.hold(() => clock.wait(2000)));
    const [readings] = await clock.run(Promise.all([session.read(), other]));
    expect(readings[0]).toMatchObject({ value: null, quality: "bad", reason: /samples were lost/ });
    expect(sent.at(-1)).toBe("09 83");
    expect((await clock.run(session.read()))[0]).toMatchObject({ quality: "good" });
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    bus.plug(i2cModel({ quantities: {}, create: () => registerModel({ powerOn: { 255: 0x11 } }) }), { address: 0x57 });
    await expect(max30102.connect(bus.shared()).read()).rejects.toThrow("which is a MAX30100");
  });
});
