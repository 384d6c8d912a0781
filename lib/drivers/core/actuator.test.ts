import { describe, expect, it } from "vitest";
import { BusError, type GpioChip, SharedBus, VirtualClock } from "../../bus";
import { i2cModel, registerModel, SimulatedBus } from "../../bus/simulated";
import { relay } from "../relay";
import { valve } from "../valve";
import { gpioActuator, i2cActuator, type ActuatorSession as Session } from "./actuator";
import { writeRegister } from "./i2c";
import { integerOption } from "./options";

const described = { maker: "nobody", drives: "nothing", datasheet: "none" };

const dac = i2cActuator({
  name: "DAC",
  ...described,
  addresses: [0x60],
  init: [writeRegister(0x01, 0xaa)],
  outputs: [
    { actuator: "voltage", type: "number", unit: "V", range: [0, 2.55], safe: 0 },
    { actuator: "enable", type: "boolean", unit: "1", safe: false },
  ],
  set: (device, { index }, value) => device.write([0x10 + index, Math.round(Number(value) * (index === 0 ? 100 : 1))]),
});

const relays = gpioActuator({
  name: "relays",
  ...described,
  options: { first: integerOption("First line", { default: 17, min: 0, max: 60 }) },
  outputs: ["relay0", "relay1"].map((actuator) => ({ actuator, type: "boolean", unit: "1", safe: false })),
  set: (device, { index }, value, { options }) =>
    device.set(options.first + index, value === true, { activeLow: true }),
});

const dacModel = i2cModel({ quantities: {}, create: () => registerModel({}) });

function connected() {
  const bus = new SimulatedBus("i2c");
  const part = bus.plug(dacModel, { address: 0x60 });
  const registers = () => (part.model as ReturnType<typeof registerModel>).registers;
  return { bus, part, registers, session: dac.connect(bus.shared()) };
}

describe("an actuator on I2C", () => {
  it("is set up before the first value, and again after it was lost", async () => {
    const { part, registers, session } = connected();
    expect(registers()[0x01]).toBe(0);
    await session.set("voltage", 1.5);
    await session.set("enable", true);
    expect([registers()[0x01], registers()[0x10], registers()[0x11]]).toEqual([0xaa, 150, 1]);
    part.unplug();
    await expect(session.set("voltage", 2)).rejects.toMatchObject({ code: "nack" });
    part.plug();
    await session.set("voltage", 2);
    expect([registers()[0x01], registers()[0x10]]).toEqual([0xaa, 200]);
  });

  it.each([
    ["voltage", 2.6, "voltage: expected 0 to 2.55 V, got 2.6"],
    ["voltage", Number.NaN, "voltage: expected 0 to 2.55 V, got NaN"],
    ["voltage", "1", 'voltage: expected a number, got "1"'],
    ["enable", 1, "enable: expected a boolean, got 1"],
    ["current", 1, 'DAC has no output "current"; it has voltage, enable'],
  ])("refuses %s = %j", async (output, value, reason) => {
    const { registers, session } = connected();
    await expect(session.set(output, value)).rejects.toThrow(reason);
    expect(registers().every((byte) => byte === 0)).toBe(true);
  });

  it("is made safe in all that can be reached, and says when not all could", async () => {
    const { part, registers, session } = connected();
    await session.set("voltage", 2);
    await session.set("enable", true);
    part.refuseNext();
    await expect(session.makeSafe()).rejects.toBeInstanceOf(BusError);
    expect([registers()[0x10], registers()[0x11]]).toEqual([200, 0]);
    await session.makeSafe();
    expect([registers()[0x10], registers()[0x11]]).toEqual([0, 0]);
  });
});

describe("an actuator on GPIO lines", () => {
  it("holds its lines until it is closed", async () => {
    const bus = new SimulatedBus("gpio");
    const shared = bus.shared();
    const session = relays.connect(shared, { options: { first: 20 } });
    await session.set("relay1", true);
    await session.set("relay1", false);
    await session.set("relay0", true);
    const other = relays.connect(shared, { options: { first: 21 } });
    await expect(other.set("relay0", true)).rejects.toMatchObject({ code: "busy" });
    const outputs = await shared.hold((grip) =>
      grip.use(async (chip) => ("outputs" in chip ? chip.outputs : undefined)),
    );
    // Active low: on is the low level.
    expect(outputs).toEqual(
      new Map([
        [21, true],
        [20, false],
      ]),
    );
    await session.close();
    await other.set("relay0", true);
    expect(outputs).toEqual(
      new Map([
        [21, false],
        [20, false],
      ]),
    );
  });
});

describe("a line whose process has died", () => {
  /** A chip as gpiod's programs make it: each line in use is a process of its own, which can die alone. */
  function bench(clock = new VirtualClock()) {
    const levels = new Map<number, boolean>();
    const alive = new Set<object>();
    const output: GpioChip["output"] = async (line, { initial, activeLow = false }) => {
      const process = {};
      alive.add(process);
      levels.set(line, initial !== activeLow);
      return {
        set: async (value) => {
          if (!alive.has(process)) throw new BusError("gone", "gpioset has ended");
          levels.set(line, value !== activeLow);
        },
        close: async () => {
          if (!alive.delete(process)) throw new Error("there is no such process");
        },
      };
    };
    const open = async () => ({ output, close: async () => alive.clear() }) as Partial<GpioChip> as GpioChip;
    const shared = new SharedBus({ kind: "gpio", key: "/dev/gpiochip0", clock, open });
    return { clock, levels, alive, shared };
  }

  it.each([
    ["a relay", relay, "relay", { line: 4, on: "low" }, [[4, true]]],
    ["a solenoid valve", valve, "valve", { line: 4 }, [[4, false]]],
    [
      "a valve with two directions",
      valve,
      "valve",
      { kind: "motor", line: 4, closeLine: 5, travel: 0.1 },
      [
        [4, false],
        [5, false],
      ],
    ],
  ] as const)("%s goes safe at the first retry", async (_, driver, name, options, safe) => {
    const { clock, levels, alive, shared } = bench();
    const session = driver.connect(shared, { options });
    await clock.run(session.set(name, true));
    alive.clear();
    await expect(clock.run(session.makeSafe())).rejects.toMatchObject({ code: "gone" });
    // The bus itself is opened anew after a second at the earliest.
    await clock.advance(2000);
    await clock.run(session.makeSafe());
    expect([...levels].sort()).toEqual(safe);
    await session.close();
    expect(alive.size).toBe(0);
  });

  it("costs the other users of the chip no failure", async () => {
    const { clock, levels, alive, shared } = bench();
    const [one, other] = [4, 5].map((line) => relay.connect(shared, { options: { line } })) as [Session, Session];
    await one.set("relay", true);
    await other.set("relay", true);
    alive.clear();
    await expect(one.set("relay", false)).rejects.toMatchObject({ code: "gone" });
    await clock.advance(2000);
    await other.set("relay", false);
    await one.set("relay", false);
    expect([...levels.values()]).toEqual([false, false]);
  });
});
