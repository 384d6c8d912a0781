import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineNode } from "../../kit";
import { configSchema } from "../../kit/schema";
import { BusError, type BusErrorCode } from "../../lib/bus";
import { SimulatedBus } from "../../lib/bus/simulated";
import type { Reading } from "../../lib/reading";
import actuator from "../../nodes/sensors/actuator/actuator";
import type { BusService } from "../../nodes/sensors/bus/service";
import gpioIn from "../../nodes/sensors/gpio-in/gpio-in";
import sensor from "../../nodes/sensors/sensor/sensor";
import { statusOf } from "../support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../support/red";

/** The simulations behind the buses of the flow, which a test can break. */
let i2c: SimulatedBus;
let gpio: SimulatedBus;
beforeEach(() => {
  i2c = new SimulatedBus("i2c") as unknown as SimulatedBus;
  gpio = new SimulatedBus("gpio") as unknown as SimulatedBus;
});
afterEach(stopFlow);

/** A bus node whose simulation is the test's. */
const breakable = defineNode(
  configSchema("bus", { family: "sensors", summary: "Under test.", version: 1, config: {} }),
  (context) => {
    const simulation = context.id === "i2c" ? i2c : gpio;
    const bus = simulation.shared();
    context.onClose(() => bus.close());
    const service: BusService = { kind: bus.kind, bus, simulation, ready: Promise.resolve(), scan: async () => [] };
    return { service };
  },
);

const FLOW = [
  { id: "i2c", type: "gatewise-bus", z: "" },
  { id: "gpio", type: "gatewise-bus", z: "" },
  { id: "a", type: "gatewise-sensor", bus: "i2c", driver: "sht31", interval: 0.05, name: "a", wires: [["out"], []] },
  { id: "b", type: "gatewise-sensor", bus: "i2c", driver: "bme280", interval: 0.07, name: "b", wires: [["out"], []] },
  { id: "dac", type: "gatewise-actuator", bus: "i2c", driver: "mcp4725", wires: [["set"]] },
  { id: "door", type: "gatewise-gpio-in", bus: "gpio", line: 4, wires: [["doors"]] },
  ...["out", "set", "doors", "caught"].map((id) => ({ id, type: "helper" })),
  { id: "catch", type: "catch", wires: [["caught"]] },
];

async function run() {
  await startFlow([breakable, sensor, actuator, gpioIn], FLOW);
  const out = messagesAt("out");
  const caught = messagesAt("caught");
  const latest = (deviceId: string): Reading | undefined =>
    out.flatMap(({ payload }) => payload as Reading[]).findLast((reading) => reading.deviceId === deviceId);
  return { out, caught, set: messagesAt("set"), doors: messagesAt("doors"), latest };
}

const FAULTS: readonly [BusErrorCode, string][] = [
  ["stuck", "SDA is held down"],
  ["gone", "the adapter was pulled out"],
  ["permission", "permission denied: add the user to the group i2c"],
];

describe("a bus that fails as a whole", () => {
  it.each(FAULTS)("%s: everybody on it says why, once, and resumes when it works again", async (code, reason) => {
    const { caught, set, latest } = await run();
    await until(() => latest("a")?.quality === "good" && latest("b")?.quality === "good", "good readings");
    i2c.breakDown(new BusError(code, reason));
    for (const id of ["a", "b"]) {
      await until(() => latest(id)?.quality === "bad", `${id} is bad`);
      expect(latest(id)).toMatchObject({ value: null, metadata: { reason: expect.stringContaining(reason) } });
      await until(() => statusOf(id).includes(reason), `the status of ${id}`);
    }
    nodeOf("dac").receive({ payload: 1 });
    const said = () => caught.filter(({ error }) => String((error as Error).message).includes(reason)).length;
    await until(() => said() === 3, "two sensors and a refused message");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(said()).toBe(3);

    i2c.breakDown(undefined);
    await until(() => latest("a")?.quality === "good" && latest("b")?.quality === "good", "good readings", 20_000);
    const values = () => set.flatMap(({ payload }) => (payload as Reading[]).map(({ value }) => value));
    await until(() => values().includes(1), "what was asked for is set after all", 20_000);
  });

  it("a chip that fails is watched again when it is back", async () => {
    const { doors } = await run();
    await until(() => doors.length > 0, "the level at the start");
    gpio.breakDown(new BusError("gone", "the chip was pulled out"));
    await until(() => statusOf("door").includes("the chip was pulled out"), "the status", 10_000);
    const before = doors.length;
    gpio.breakDown(undefined);
    await until(() => doors.length > before, "the level after it", 20_000);
    await until(() => statusOf("door").startsWith("active"), "the status");
  });

  it("closes without waiting for a bus that hangs", async () => {
    await run();
    i2c.breakDown(new BusError("stuck", "SDA is held down"));
    const before = performance.now();
    await stopFlow();
    expect(performance.now() - before).toBeLessThan(8000);
  });
});
