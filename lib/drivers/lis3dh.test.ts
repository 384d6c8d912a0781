import { describe, expect, it } from "vitest";
import { itNoticesLossOfPower } from "../../test/support/power-loss";
import { VirtualClock } from "../bus";
import { i2cModel, registerModel, SimulatedBus } from "../bus/simulated";
import { hex } from "./core";
import { lis3dh } from "./lis3dh";
import { lis3dhModel } from "./lis3dh.model";

const G = 9.80665;

describe("the conversion", () => {
  /** ST AN3308, 3.2.3: 350 mg and -350 mg at 2 g and high resolution, low byte first. */
  it("of the application note's examples", () => {
    expect(lis3dh.decode(hex("E0 15 20 EA 00 00"), { options: { range: "2" } })).toEqual([
      { sensor: "acceleration.x", unit: "m/s2", quality: "good", value: expect.closeTo(0.35 * G, 9) },
      { sensor: "acceleration.y", unit: "m/s2", quality: "good", value: expect.closeTo(-0.35 * G, 9) },
      { sensor: "acceleration.z", unit: "m/s2", quality: "good", value: 0 },
    ]);
  });

  /** Table 4: 1, 2, 4 and 12 mg per step of twelve bits. */
  it.each([
    ["2", 0.1],
    ["4", 0.2],
    ["8", 0.4],
    ["16", 1.2],
  ] as const)("of 100 steps at %s g", (range, g) => {
    const [x, y] = lis3dh.decode(hex("40 06 C0 F9 00 00"), { options: { range } });
    expect([x!.value, y!.value]).toEqual([expect.closeTo(g * G, 9), expect.closeTo(-g * G, 9)]);
  });

  it("of both ends of the range and of a short answer", () => {
    expect(lis3dh.decode(hex("F0 7F 00 80 E0"))).toMatchObject([
      { quality: "uncertain", reason: "at the end of the range" },
      { quality: "uncertain" },
      { value: null, quality: "bad" },
    ]);
  });
});

describe("on a simulated bus", () => {
  const values = { "acceleration.x": -G, "acceleration.y": 3 * G, "acceleration.z": 0.5 * G };
  const measured = [-G, 3 * G, 0.5 * G].map((value) => ({ value: expect.closeTo(value, 2), quality: "good" }));

  function connected(options: Record<string, string>, given: object = {}) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(lis3dhModel, { address: 0x18, values: { ...values, ...given } });
    return { clock, part, session: lis3dh.connect(bus.shared(), { options }) };
  }

  it("measures, also after it was away", async () => {
    const { clock, part, session } = connected({ rate: "10" });
    expect(await clock.run(session.read())).toMatchObject(measured);
    part.unplug();
    await expect(clock.run(session.read())).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await clock.run(session.read())).toMatchObject(measured);
  });

  itNoticesLossOfPower(() => connected({ rate: "400" }), measured);

  it("delivers a second at 1344 Hz in blocks, without a gap", async () => {
    const sine = { curve: { kind: "sine", mean: 0, amplitude: 10, period: 0.0625 }, noise: 0 };
    const { clock, session } = connected({ rate: "1344" }, { "acceleration.x": sine });
    const samples: number[] = [];
    for (let i = 0; i < 100; i++) {
      const block = await clock.run(session.readBlock!());
      expect(block).toMatchObject({ rateHz: 1344, overrun: false });
      expect(block.channels[1]!.samples.every((value) => Math.abs(value - 3 * G) < 0.02)).toBe(true);
      samples.push(...block.channels[0]!.samples);
      await clock.advance(10);
    }
    expect(samples.length).toBeGreaterThan(1330);
    // 16 Hz are 84 samples. A step of the part is 0.02 m/s2.
    const deviation = samples.slice(84).map((value, index) => Math.abs(value - samples[index]!));
    expect(Math.max(...deviation)).toBeLessThan(0.04);
  });

  it("says when its buffer was full, and goes back to single values", async () => {
    const { clock, session } = connected({ rate: "400" });
    await clock.run(session.readBlock!());
    await clock.advance(1000);
    const late = await clock.run(session.readBlock!());
    expect(late.overrun).toBe(true);
    expect(late.channels[0]!.samples).toHaveLength(32);
    const empty = await clock.run(session.readBlock!());
    expect(empty.channels[0]!.samples).toHaveLength(0);
    expect(await clock.run(session.read())).toMatchObject(measured);
  });

  it("refuses another part", async () => {
    const bus = new SimulatedBus("i2c");
    const other = i2cModel({ quantities: {}, create: () => registerModel({ powerOn: { 15: 0x44 } }) });
    bus.plug(other, { address: 0x18 });
    await expect(lis3dh.connect(bus.shared()).read()).rejects.toThrow("got 0x44, which is an LIS2DW12");
  });
});
