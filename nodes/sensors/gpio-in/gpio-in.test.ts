import { afterEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import store from "../../storage/store/store";
import bus from "../bus/bus";
import gpioIn from "./gpio-in";

afterEach(stopFlow);

async function run(config: Record<string, unknown> = {}, busConfig: Record<string, unknown> = {}) {
  await startFlow(
    [bus, store, gpioIn],
    [
      { id: "bus", type: "gatewise-bus", z: "", version: 1, kind: "gpio", connection: "simulated", ...busConfig },
      { id: "store", type: "gatewise-store", z: "", file: ":memory:" },
      { id: "n", type: "gatewise-gpio-in", bus: "bus", line: 4, wires: [["out"]], ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const readingsOf = (messages: readonly NodeMessage[]) => messages.flatMap(({ payload }) => payload as Reading[]);
const at4 = (driver: string, quantity: string, course: object) => ({
  parts: [{ driver, place: "4", options: "" }],
  courses: [{ part: "4", quantity, value: 0, ...course }],
});
const reasons = (messages: readonly NodeMessage[]) =>
  messages.map(({ error }) => (error as { message: string }).message);

describe("gpio in", () => {
  it("says when a door opens and closes, bounces and all, and for how long it was open", async () => {
    const { out } = await run(
      { sensor: "open", duration: "openFor", deviceId: "door-1" },
      at4("contact", "active", { source: "square", amplitude: 1, period: 0.6 }),
    );
    await until(() => readingsOf(out).filter(({ sensor }) => sensor === "openFor").length >= 2, "two openings");
    const states = readingsOf(out).filter(({ sensor }) => sensor === "open");
    for (const [index, { value, deviceId }] of states.entries()) {
      expect(deviceId).toBe("door-1");
      expect(value).not.toBe(states[index - 1]?.value);
    }
    const duration = readingsOf(out).filter(({ sensor }) => sensor === "openFor")[1]!;
    expect(duration).toMatchObject({ unit: "s", quality: "good", value: expect.closeTo(0.3, 1) });
  });

  it("makes one motion of many pulses", async () => {
    const { out } = await run(
      { signal: "motion", wiring: "driven", hold: 10, warmUp: 0, debounce: 0 },
      at4("detector", "active", { source: "square", amplitude: 1, period: 0.2 }),
    );
    await until(() => readingsOf(out).some(({ value }) => value === true), "motion");
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(readingsOf(out).map(({ value }) => value)).toEqual([...new Set(readingsOf(out).map(({ value }) => value))]);
  });

  it("measures a flow, counts, and begins again when it is told to", async () => {
    const { out } = await run(
      { signal: "pulses", meter: "yfS201", every: 0.5, debounce: 0, store: "store" },
      at4("pulses", "flow", { source: "constant", value: 75 }),
    );
    // 7.5 Hz are 1 L/min (YF-S201 datasheet).
    await until(() => readingsOf(out).filter(({ sensor }) => sensor === "rate").length >= 2, "the rate");
    const rate = readingsOf(out).filter(({ sensor }) => sensor === "rate")[1]!;
    expect(rate.unit).toBe("L/min");
    expect(Math.abs((rate.value as number) - 10)).toBeLessThan(0.3);
    const pulses = () => readingsOf(out).findLast(({ sensor }) => sensor === "pulses")!.value as number;
    await until(() => pulses() > 60, "some pulses");
    nodeOf("n").receive({ command: "reset" });
    await until(() => pulses() < 60, "a new count");
  });

  it("has a part on its line where nobody described one", async () => {
    const { out } = await run();
    await until(() => out.length > 0, "the level at the start");
    expect(readingsOf(out)[0]).toMatchObject({ deviceId: "line-4", sensor: "active", unit: "1" });
  });

  it.each([
    [{}, { kind: "i2c" }, "expected a bus of kind GPIO, got i2c"],
    [
      { signal: "pulses", every: 0.1, unit: "L", amount: 1e-9 },
      { connection: "wire", chip: "/dev/gpiochip99" },
      "/dev/gpiochip99: there is no such device",
    ],
  ])("says what is wrong: %#", async (config, busConfig, reason) => {
    await run(config, busConfig);
    await until(() => statusOf("n").includes(reason.slice(0, 60)), reason);
  });

  it("refuses commands that mean nothing for it", async () => {
    const { caught } = await run();
    nodeOf("n").receive({ payload: 1 });
    nodeOf("n").receive({ command: "reset" });
    await until(() => caught.length === 2, "the errors");
    expect(reasons(caught)).toEqual(["Error: expected msg.command reset", "Error: only meters count"]);
  });
});
