import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { coreNode, statusOf, withHooks } from "../../../test/support/hooks";
import { freePort } from "../../../test/support/mosquitto";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import brokerNode from "../broker/broker";
import telemetryInNode from "./telemetry-in";

const lastStatus = (): string => statusOf("in");
const telemetry = (value: unknown, more = {}): string =>
  JSON.stringify({ sensors: [{ type: "t", value, unit: "Cel" }], ...more });

let client: MqttClient | undefined;

/** A flow of broker and telemetry in with helpers at both outputs and at a catch node, and a client outside. */
async function run(
  config: Record<string, unknown> = {},
  more: Parameters<typeof startFlow>[1] = [],
  wires = [["out"], ["said"]],
  brokerConfig: Record<string, unknown> = {},
) {
  const port = await freePort();
  await startFlow(
    [brokerNode, withHooks(telemetryInNode), coreNode("function/10-function")],
    [
      { id: "b", type: "gatewise-broker", z: "", port, retryMost: 1, ...brokerConfig },
      { id: "in", type: "gatewise-telemetry-in", broker: "b", ...config, wires },
      { id: "out", type: "helper", wires: [] },
      { id: "said", type: "helper", wires: [] },
      { id: "catch", type: "catch", scope: ["in"], wires: [["caught"]] },
      { id: "caught", type: "helper", wires: [] },
      ...more,
    ],
  );
  const batches = messagesAt("out");
  const said = messagesAt("said");
  const caught = messagesAt("caught");
  await until(() => lastStatus().startsWith("connected"), "telemetry in is connected");
  client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  const publish = (topic: string, payload: string | Buffer, qos: 0 | 1 | 2 = 1) =>
    (client as MqttClient).publishAsync(topic, payload, { qos });
  return { batches, said, caught, publish };
}

const readings = (batches: readonly NodeMessage[]): Reading[] => batches.flatMap(({ payload }) => payload as Reading[]);

afterEach(async () => {
  await client?.endAsync(true);
  client = undefined;
  await stopFlow();
});

describe("telemetry in", () => {
  it("turns messages of several formats into batches of readings", async () => {
    const { batches, publish } = await run();
    await publish("devices/a/telemetry", telemetry(21.5, { timestamp: 1_700_000_000_000 }));
    await publish("devices/b/telemetry", '[{"n":"t","u":"Cel","v":3}]');
    await publish("devices/c/telemetry", "7");
    await publish("devices/c/other", "8");
    await until(() => readings(batches).length === 3, "three readings");
    expect(readings(batches)).toEqual([
      expect.objectContaining({
        deviceId: "a",
        sensor: "t",
        value: 21.5,
        unit: "Cel",
        timestamp: 1_700_000_000_000,
        marks: ["late"],
      }),
      expect.objectContaining({ deviceId: "b", sensor: "t", value: 3, unit: "Cel" }),
      expect.objectContaining({ deviceId: "c", sensor: "value", value: 7 }),
    ]);
  });

  it("sends what comes together as one message, and no reading twice or never", async () => {
    const { batches, publish } = await run({ batchTime: 50 });
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => publish(`devices/d${index}/telemetry`, telemetry(index))),
    );
    await until(() => readings(batches).length === 200, "200 readings");
    expect(batches.length).toBeLessThan(50);
    expect(
      readings(batches)
        .map(({ value }) => value)
        .sort((a, b) => Number(a) - Number(b)),
    ).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  it("names device, sensor and metadata from the topic", async () => {
    const { batches, publish } = await run({ topic: "site/{site}/{device}/{sensor}" });
    await publish("site/north/pump/pressure", "4.5");
    await until(() => batches.length === 1, "a batch");
    const [reading] = readings(batches);
    expect(reading).toMatchObject({ deviceId: "pump", sensor: "pressure", value: 4.5 });
    expect(reading?.metadata?.site).toBe("north");
  });

  it("passes on what devices say about themselves by the second output", async () => {
    const { said, caught, publish } = await run({ takeStatus: true, takeAlerts: true });
    await publish("devices/a/status", '{"status":"online","battery":80}');
    await publish("devices/a/alerts", '{"code":"E7"}');
    await publish("devices/a/status", "asleep");
    await until(() => said.length === 2 && caught.length === 1, "both messages and the error");
    expect(said[0]?.payload).toMatchObject({ kind: "status", content: { status: "online", battery: 80 } });
    expect(said[1]?.payload).toMatchObject({ kind: "alerts", deviceId: "a", content: { code: "E7" } });
  });

  it.each<[string, string | Buffer, RegExp]>([
    ["bad JSON", "{", /JSON/],
    ["10 MB", Buffer.alloc(10_000_000, "[1,"), /at most 1048576 bytes/],
    ["depth 10 000", "[".repeat(10_000) + "]".repeat(10_000), /levels of nesting/],
    ["__proto__", '{"sensors":[{"type":"t","value":1,"metadata":{"__proto__":{"x":1}}}]}', /reserved/],
    ["NaN", '{"sensors":[{"type":"t","value":NaN}]}', /JSON/],
    ["a wrong type", '{"sensors":[{"type":"t","value":{"v":1}}]}', /sensors\[0\]\.value/],
    ["invalid UTF-8", Buffer.from('{"sensors":[{"type":"\xff\xfe","value":1}]}', "latin1"), /UTF-8/],
  ])("refuses poison once, with the reason, and takes the next message: %s", async (_what, payload, reason) => {
    const { batches, caught, publish } = await run();
    await publish("devices/a/telemetry", payload);
    await publish("devices/a/telemetry", telemetry(1));
    await until(() => readings(batches).length === 1 && caught.length === 1, "the good one and the error");
    const [error] = caught;
    expect((error as { error: { message: string } }).error.message).toMatch(reason);
    expect(error).toMatchObject({ topic: "devices/a/telemetry", bytes: Buffer.byteLength(payload) });
    expect(error?.payload).toHaveProperty("length", Math.min(1024, Buffer.byteLength(payload)));
    expect(metricsOfNodes.of("in")).toMatchObject({ messages: 2, in: 1, out: 1, refused: 1 });
  });

  it("reports a storm of poison in a bounded number of errors and counts every one", async () => {
    const { caught, publish } = await run();
    await Promise.all(Array.from({ length: 500 }, () => publish("devices/a/telemetry", "{")));
    const reported = (): number => caught.reduce((sum, msg) => sum + ((msg.refused as number | undefined) ?? 1), 0);
    await until(() => reported() === 500, "all 500 are accounted for");
    expect(caught.length).toBeLessThan(200);
    expect(metricsOfNodes.of("in")?.refused).toBe(500);
  });

  it("marks or leaves out what arrives a second time", async () => {
    const { batches, publish } = await run({ duplicates: "drop" });
    const text = telemetry(1, { timestamp: Date.now() });
    await publish("devices/a/telemetry", text);
    await publish("devices/a/telemetry", text);
    await publish("devices/a/telemetry", telemetry(2));
    await until(() => readings(batches).some(({ value }) => value === 2), "the last one");
    expect(readings(batches).map(({ value }) => value)).toEqual([1, 2]);
    await until(() => metricsOfNodes.of("in")?.counts.dropped === 1, "the count");
    expect(metricsOfNodes.of("in")?.counts).toMatchObject({ duplicate: 1, acknowledged: 3 });
  });

  it("keeps no more in the flow than allowed, says so, and loses nothing of QoS 1", async () => {
    const slow = {
      id: "slow",
      type: "function",
      func: "setTimeout(() => { node.send(msg); node.done(); }, 100);",
      outputs: 1,
      wires: [["out"]],
    };
    const { batches, publish } = await run({ batchSize: 5, batchTime: 1, maxInFlow: 2 }, [slow], [["slow"], []]);
    let most = 0;
    let underWay = 0;
    nodeOf("slow").on("input", (() => {
      underWay += 1;
      most = Math.max(most, underWay);
    }) as never);
    nodeOf("out").on("input", (() => {
      underWay -= 1;
    }) as never);
    await Promise.all(Array.from({ length: 60 }, (_, index) => publish("devices/a/telemetry", telemetry(index))));
    await until(() => lastStatus().includes("slower than the messages"), "the status tells of it");
    await until(() => readings(batches).length === 60, "all arrived", 15_000);
    expect(most).toBeLessThanOrEqual(2);
    expect(readings(batches).map(({ value }) => value)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });

  it.each(["qos1", "qos2"])("has the broker send again what the flow did not finish, %s", async (qos) => {
    const func =
      'if (!context.get("before")) { context.set("before", true); return null; } node.send(msg); node.done(); return null;';
    const forgetful = { id: "forgetful", type: "function", func, outputs: 1, wires: [["out"]] };
    const config = { acknowledge: "completed", flowLimit: 1, qos, duplicates: "ignore" };
    const { batches, publish } = await run(config, [forgetful], [["forgetful"], []], { persistentSession: true });
    await publish("devices/a/telemetry", telemetry(1), 2);
    await until(() => metricsOfNodes.of("in")?.counts["batches given up"] === 1, "the batch is given up");
    await until(() => readings(batches).length === 1, "it came again");
    await publish("devices/a/telemetry", telemetry(2), 2);
    await until(() => readings(batches).length === 2, "the next came");
    expect(readings(batches).map(({ value }) => value)).toEqual([1, 2]);
  });

  it("says what is wrong with a pattern", async () => {
    await startFlow(
      [brokerNode, telemetryInNode],
      [
        { id: "b", type: "gatewise-broker", z: "", port: await freePort() },
        { id: "in", type: "gatewise-telemetry-in", broker: "b", topic: "{a}/{a}", wires: [[], []] },
      ],
    );
    expect(lastStatus()).toContain("{a} occurs twice");
  });
});
