import { describe, expect, it } from "vitest";
import { VirtualClock } from "../virtual-clock";
import { SimulatedBus } from "./bus";
import { gpioModel, i2cModel } from "./contract";
import { readRecording } from "./recording";
import { commandModel, rawOf, registerModel, wordRegisterModel } from "./registers";
import { constant, daily, daylight, SimulatedWorld, type WorldOptions } from "./world";

const DAY = 86_400_000;
const temperature = { unit: "Cel", curve: daily(20, 5) };

function world(options: Partial<WorldOptions> = {}, clock = new VirtualClock(20_000 * DAY)) {
  return { clock, world: new SimulatedWorld({ temperature }, { seed: "test", clock, ...options }) };
}

describe("the world", () => {
  it("has its warmest hour in the afternoon and its brightest at noon", () => {
    const clock = new VirtualClock(20_000 * DAY);
    const light = new SimulatedWorld(
      { light: { unit: "lx", curve: daylight(1000) }, temperature },
      { seed: "a", clock },
    );
    const at = (hour: number) => 20_000 * DAY + hour * 3_600_000;
    expect([3, 15].map((hour) => light.value("temperature", at(hour)))).toEqual(
      [15, 25].map((x) => expect.closeTo(x, 6)),
    );
    expect([0, 6, 12, 18].map((hour) => light.value("light", at(hour)))).toEqual(
      [0, 0, 1000, 0].map((x) => expect.closeTo(x, 6)),
    );
  });

  it("measures what it is told instead", () => {
    expect(world({ values: { temperature: -7.25 } }).world.value("temperature")).toBe(-7.25);
    const noisy = world({ values: { temperature: { curve: constant(3), noise: 0.5 } } });
    const values = Array.from({ length: 500 }, (_, i) => noisy.world.value("temperature", noisy.clock.now() + 10 * i));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(3, 0);
    expect(new Set(values).size).toBeGreaterThan(450);
    expect(() => world({ values: { pressure: 1 } })).toThrow(
      'the part does not measure "pressure"; it measures temperature',
    );
  });

  it("has planned disturbances", async () => {
    const { clock, world: disturbed } = world({
      values: { temperature: 20 },
      disturbances: [
        { kind: "spike", sensor: "temperature", amount: 50, at: 10, duration: 1 },
        { kind: "nack", at: 20, duration: 1, every: 10 },
      ],
    });
    const seen: unknown[] = [];
    for (const second of [9, 10, 11, 20, 21, 30]) {
      await clock.advance(second * 1000 - (clock.now() - 20_000 * DAY));
      seen.push([disturbed.value("temperature"), disturbed.suffers("nack")]);
    }
    expect(seen).toEqual([
      [20, false],
      [70, false],
      [20, false],
      [20, true],
      [20, false],
      [20, true],
    ]);
  });

  it("plays a recording round after round, the last value going on", async () => {
    const csv =
      "time,temp,other\n2026-01-01T00:00:00Z,,1\n2026-01-01T00:00:10Z,5,2\n2026-01-01T00:00:20Z,,3\n2026-01-01T00:00:30Z,7,4\n";
    async function* file() {
      yield new TextEncoder().encode(csv);
    }
    const recording = await readRecording(file(), { temperature: "temp" });
    const { world: played, clock } = world({ recording });
    const at = (second: number) => played.value("temperature", clock.now() + 1000 * second);
    expect([0, 9, 10, 25, 29.9, 31, 41].map(at)).toEqual([5, 5, 5, 5, 5, 7, 5]);
    const late = {
      ...recording,
      seconds: Float64Array.of(0, 10, 20, 30),
      values: { temperature: Float64Array.of(1, 2, 3, 4) },
    };
    const counted = world({ recording: late });
    const from = (second: number) => counted.world.value("temperature", counted.clock.now() + 1000 * second);
    expect([0, 9.9, 10, 29, 30, 45].map(from)).toEqual([1, 1, 2, 3, 4, 1]);
    await expect(readRecording(file(), { temperature: "nothing" })).rejects.toThrow("nothing");
  });
});

describe("parts", () => {
  const model = i2cModel({
    quantities: { temperature },
    create: (of) =>
      registerModel({
        powerOn: { 15: 0x33 },
        onRead: (register) => (register === 0 ? rawOf(of.value("temperature"), 8) : undefined),
      }),
  });

  function plugged(options = {}) {
    const clock = new VirtualClock();
    const bus = new SimulatedBus("i2c", clock);
    const part = bus.plug(model, { address: 0x18, values: { temperature: 25 }, ...options });
    return { clock, bus, part };
  }

  it("answer at their address and forget their settings without power", async () => {
    const { bus, part } = plugged();
    const wire = await bus.open();
    await wire.transfer(0x18, Uint8Array.of(0x20, 0x57), 0);
    expect(await wire.transfer(0x18, Uint8Array.of(0x20), 1)).toEqual(Uint8Array.of(0x57));
    expect(await wire.transfer(0x18, Uint8Array.of(0x0f), 1)).toEqual(Uint8Array.of(0x33));
    part.unplug();
    await expect(wire.transfer(0x18, Uint8Array.of(0x20), 1)).rejects.toMatchObject({ code: "nack" });
    part.plug();
    expect(await wire.transfer(0x18, Uint8Array.of(0x20), 1)).toEqual(Uint8Array.of(0));
    await expect(wire.transfer(0x19, Uint8Array.of(0x20), 1)).rejects.toMatchObject({ code: "nack" });
  });

  it("lose their power, refuse and are misheard by plan", async () => {
    const { bus, clock } = plugged({
      disturbances: [
        { kind: "dropout", at: 1, duration: 1 },
        { kind: "nack", at: 3, duration: 1 },
        { kind: "corrupt", at: 5, duration: 1 },
      ],
    });
    const wire = await bus.open();
    await wire.transfer(0x18, Uint8Array.of(0x20, 0x57), 0);
    const seen: unknown[] = [];
    for (let second = 0; second < 7; second++) {
      seen.push(
        await wire.transfer(0x18, Uint8Array.of(0x20), 1).then(
          (bytes) => bytes[0],
          (error) => error.code,
        ),
      );
      await clock.advance(1000);
    }
    expect(seen).toEqual([0x57, "nack", 0, "nack", 0, 0x10, 0]);
  });

  it("have a place of their own", () => {
    const { bus } = plugged();
    expect(() => bus.plug(model, { address: 0x18 })).toThrow("there is a part at 24 already");
    expect(() => bus.plug(model)).toThrow("expected an address");
    expect(bus.partAt({ address: 0x18 })).toBeDefined();
    bus.remove({ address: 0x18 });
    expect(bus.partAt({ address: 0x18 })).toBeUndefined();
  });
});

describe("models", () => {
  it("with commands do not acknowledge while they are busy", async () => {
    const clock = new VirtualClock();
    const part = commandModel(clock, (code) =>
      code === 0x2400 ? { afterMs: 15, bytes: () => Uint8Array.of(1, 2) } : undefined,
    );
    expect(() => part.read(2)).toThrow("nothing to read");
    expect(() => part.write(Uint8Array.of(0x12, 0x34))).toThrow("unknown command");
    part.write(Uint8Array.of(0x24, 0x00));
    expect(() => part.read(2)).toThrow("busy");
    expect(() => part.write(Uint8Array.of(0x24, 0x00))).toThrow("busy");
    await clock.advance(15);
    expect([...part.read(3)]).toEqual([1, 2, 0xff]);
  });

  it("with words keep the register that was named", () => {
    const words = new Map([[1, 0x8001]]);
    const part = wordRegisterModel({
      read: (at) => words.get(at) ?? 0,
      write: (at, value) => void words.set(at, value),
    });
    part.write(Uint8Array.of(5, 0x12, 0x34));
    expect([...part.read(2)]).toEqual([0x12, 0x34]);
    part.write(Uint8Array.of(1));
    expect([...part.read(2), ...part.read(2)]).toEqual([0x80, 0x01, 0x80, 0x01]);
  });

  it("saturate at what their numbers can express", () => {
    expect([-1, 0.4, 70_000].map((value) => rawOf(value, 16))).toEqual([0, 0, 65535]);
    expect([-1, -40_000, 40_000].map((value) => rawOf(value, 16, "signed"))).toEqual([0xffff, 0x8000, 0x7fff]);
  });
});

describe("GPIO lines", () => {
  /** Ten milliseconds low in every hundred. */
  const pulses = gpioModel({
    quantities: {},
    create: () => ({
      level: (at) => at % 100 >= 10,
      edges: (from, to) => {
        const edges: { edge: "falling" | "rising"; timestamp: number }[] = [];
        for (let at = Math.floor(from) + 1; at <= to; at++) {
          if (at % 100 === 0) edges.push({ edge: "falling", timestamp: at });
          if (at % 100 === 10) edges.push({ edge: "rising", timestamp: at });
        }
        return edges;
      },
    }),
  });

  it("report edges with the times they were at, and debounced as the kernel does", async () => {
    const clock = new VirtualClock(5);
    const bus = new SimulatedBus("gpio", clock);
    bus.plug(pulses, { address: 17 });
    const chip = await bus.open();
    const seen: string[] = [];
    const line = await chip.watch(17, {}, (edge, timestamp) => seen.push(`${edge} ${timestamp}`));
    await expect(chip.input(17, {})).rejects.toMatchObject({ code: "busy" });
    await clock.advance(220);
    expect(seen).toEqual(["rising 10", "falling 100", "rising 110", "falling 200", "rising 210"]);
    expect(await line.read()).toBe(true);
    await line.close();
    const settled: string[] = [];
    // Ten milliseconds low are a glitch for one who waits twenty, and none for one who waits five.
    const again = await chip.watch(17, { debounceMs: 20 }, (edge) => settled.push(edge));
    await clock.advance(300);
    expect(settled).toEqual([]);
    await again.close();
    const inverted = await chip.watch(17, { activeLow: true, debounceMs: 5 }, (edge) => settled.push(edge));
    await clock.advance(100);
    expect(settled).toEqual(["rising", "falling"]);
    await inverted.close();
  });

  it("read their bias when nothing is connected, and remember what was set", async () => {
    const chip = await new SimulatedBus("gpio").open();
    expect(await (await chip.input(4, { bias: "pull-up" })).read()).toBe(true);
    expect(await (await chip.input(5, { bias: "pull-up", activeLow: true })).read()).toBe(false);
    const output = await chip.output(6, { initial: false, activeLow: true });
    expect("outputs" in chip && chip.outputs).toEqual(new Map([[6, true]]));
    await output.set(true);
    expect("outputs" in chip && chip.outputs).toEqual(new Map([[6, false]]));
  });
});
