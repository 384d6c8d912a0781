import { afterEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import bus from "../bus/bus";
import actuator from "./actuator";

afterEach(stopFlow);

const RELAY = { driver: "relay", options: '{"line": 5}', deviceId: "pump" };

async function run(
  config: Record<string, unknown> = {},
  busConfig: Record<string, unknown> = { kind: "gpio" },
  more = {},
) {
  const node = { type: "gatewise-actuator", bus: "bus", wires: [["out"]], ...RELAY, ...config };
  await startFlow(
    [bus, actuator],
    [
      { id: "bus", type: "gatewise-bus", z: "", version: 1, connection: "simulated", ...busConfig },
      { id: "n", ...node },
      ...(Object.keys(more).length > 0 ? [{ id: "other", ...node, ...more }] : []),
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const readingsOf = (messages: readonly NodeMessage[]) => messages.flatMap(({ payload }) => payload as Reading[]);
const said = (messages: readonly NodeMessage[]) =>
  readingsOf(messages).map(({ value, metadata }) => `${value} ${metadata?.cause}`);
const reasons = (messages: readonly NodeMessage[]) =>
  messages.map(({ error }) => (error as { message: string }).message);

describe("actuator", () => {
  it("goes safe at start, sets what it is told, and says so", async () => {
    const { out } = await run();
    await until(() => statusOf("n") === "relay off", "the safe value");
    for (const payload of [true, "off", 1, { value: false }, [{ value: true }]])
      nodeOf("n").receive({ payload, keep: 1 });
    await until(() => said(out).length >= 5, "the readings");
    expect(said(out).slice(-5)).toEqual(["true set", "false set", "true set", "false set", "true set"]);
    expect(out.at(-1)).toMatchObject({ keep: 1, payload: [{ deviceId: "pump", sensor: "relay", unit: "1" }] });
    await until(() => statusOf("n") === "relay on", "the status");
  });

  it("goes safe when the input falls silent, and on again with the next message", async () => {
    const { out } = await run({ inputTimeout: 0.2 });
    nodeOf("n").receive({ payload: true });
    await until(() => said(out).includes("false input-lost"), "the loss");
    await until(() => statusOf("n") === "relay off: no input", "the status");
    nodeOf("n").receive({ payload: true });
    await until(() => said(out).at(-1) === "true set", "on again");
  });

  it("ends what was left on, and stays off until off was asked for", async () => {
    const { out, caught } = await run({ maxOn: 0.2 });
    nodeOf("n").receive({ payload: true });
    await until(() => said(out).includes("false longest-on"), "the end");
    nodeOf("n").receive({ payload: true });
    await until(() => reasons(caught).some((reason) => reason.includes("stays off until off")), "the refusal");
    nodeOf("n").receive({ payload: false });
    nodeOf("n").receive({ payload: true });
    await until(() => said(out).at(-1) === "true set", "on again");
  });

  it("holds a request until the least time is over", async () => {
    const { out } = await run({ minOn: 0.3 });
    nodeOf("n").receive({ payload: true });
    await until(() => said(out).at(-1) === "true set", "on");
    const before = performance.now();
    nodeOf("n").receive({ payload: false });
    await until(() => said(out).at(-1) === "false set", "off");
    expect(performance.now() - before).toBeGreaterThan(200);
  });

  it("refuses what does not fit, and changes nothing", async () => {
    const { out, caught } = await run(
      { driver: "pca9685", options: "{}", output: "channel3", low: 10, high: 90, safe: "10" },
      { kind: "i2c" },
    );
    await until(() => statusOf("n") === "channel3 10 %", "the safe value");
    for (const payload of [95, "much", null, 50]) nodeOf("n").receive({ payload });
    await until(() => said(out).at(-1) === "50 set", "what fits");
    expect(reasons(caught)).toEqual([
      expect.stringContaining("expected 10 to 90 %, got 95"),
      expect.stringContaining("expected 10 to 90 %"),
      expect.stringContaining("expected 10 to 90 %"),
    ]);
  });

  it("drives an output that no other node drives, of a part that others may share", async () => {
    const { caught } = await run({}, { kind: "gpio" }, { deviceId: "second" });
    await until(
      () => reasons(caught).some((reason) => reason.includes("is driven by another node already")),
      "the refusal",
    );
    await stopFlow();
    const shared = { driver: "pca9685", options: "{}" };
    const { out } = await run({ ...shared, output: "channel0" }, { kind: "i2c" }, { ...shared, output: "channel1" });
    nodeOf("n").receive({ payload: 1 });
    nodeOf("other").receive({ payload: 2 });
    await until(() => said(out).filter((text) => text.endsWith("set")).length === 2, "both");
  });

  it("tries again what could not be set", async () => {
    const { out, caught } = await run(
      { driver: "mcp4725", options: "{}" },
      {
        kind: "i2c",
        parts: [{ driver: "mcp4725", place: "", options: "" }],
        faults: [{ part: "mcp4725", kind: "dropout", at: 0, duration: 0.5, every: 0 }],
      },
    );
    await until(() => reasons(caught).some((reason) => reason.includes("tried again in 1 s")), "the failure");
    await until(() => said(out).some((text) => text.endsWith("start")), "the safe value", 10_000);
  });

  it.each([
    [{ driver: "sht31" }, { kind: "i2c" }, "is a sensor, not an actuator"],
    [{}, { kind: "i2c" }, "belongs on a bus of kind gpio"],
    [{ output: "valve" }, undefined, 'has relay, got "valve"'],
    [{ minOn: 10, maxOn: 5 }, undefined, "is longer than the longest"],
    [{ safe: "on", maxOn: 5 }, undefined, "exclude one another"],
    [{ low: 3 }, undefined, "a lowest and a highest value"],
  ])("says what is wrong: %#", async (config, busConfig, reason) => {
    const { caught } = await run(config, busConfig);
    await until(() => reasons(caught).some((text) => text.includes(reason)), reason);
  });
});
