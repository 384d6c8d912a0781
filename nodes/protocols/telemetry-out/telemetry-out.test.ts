import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import type { RefusedError } from "../../../kit";
import { embeddedBroker } from "../../../lib/mqtt/embedded";
import { statusOf } from "../../../test/support/hooks";
import { freePort } from "../../../test/support/mosquitto";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import brokerNode from "../broker/broker";
import telemetryOutNode from "./telemetry-out";

const reading = (more = {}) => ({
  deviceId: "a",
  sensor: "t",
  value: 1,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
  ...more,
});
const lastStatus = (): string => statusOf("out");

let client: MqttClient | undefined;

async function run(config: Record<string, unknown> = {}, brokerConfig: Record<string, unknown> = {}) {
  const port = await freePort();
  await startFlow(
    [brokerNode, telemetryOutNode],
    [
      { id: "b", type: "gatewise-broker", z: "", port, ...brokerConfig },
      { id: "out", type: "gatewise-telemetry-out", broker: "b", ...config, wires: [] },
      { id: "catch", type: "catch", scope: ["out"], wires: [["caught"]] },
      { id: "complete", type: "complete", scope: ["out"], wires: [["completed"]] },
      { id: "caught", type: "helper", wires: [] },
      { id: "completed", type: "helper", wires: [] },
    ],
  );
  const heard: { topic: string; text: string; retain: boolean }[] = [];
  if (brokerConfig.mode !== "url") {
    await until(() => lastStatus() === "connected", "telemetry out is connected");
    client = await connectAsync(`mqtt://127.0.0.1:${port}`);
    client.on("message", (topic, payload, { retain }) => heard.push({ topic, text: payload.toString(), retain }));
    await client.subscribeAsync("#", { qos: 1 });
  }
  return {
    heard,
    caught: messagesAt("caught"),
    completed: messagesAt("completed"),
    send: (payload: unknown) => nodeOf("out").receive({ payload }),
  };
}

afterEach(async () => {
  await client?.endAsync(true);
  client = undefined;
  await stopFlow();
});

describe("telemetry out", () => {
  it("publishes one message a device, and is done when they are confirmed", async () => {
    const { heard, completed, send } = await run();
    send([reading(), reading({ deviceId: "b" }), reading({ sensor: "u", value: 2 })]);
    await until(() => heard.length === 2 && completed.length === 1, "both messages");
    expect(heard.map(({ topic }) => topic)).toEqual(["devices/a/telemetry", "devices/b/telemetry"]);
    expect(JSON.parse(heard[0]?.text ?? "").sensors).toEqual([
      expect.objectContaining({ type: "t", value: 1, unit: "Cel" }),
      expect.objectContaining({ type: "u", value: 2 }),
    ]);
  });

  it("fills a topic from sensor and metadata, refuses what cannot fill it, and publishes the rest", async () => {
    const { heard, caught, send } = await run({ topic: "site/{site}/{id}/{sensor}", codec: "plain" });
    send([reading({ metadata: { site: "north" } }), reading(), reading({ sensor: "a/b", metadata: { site: "x" } })]);
    await until(() => heard.length === 1 && caught.length === 1, "one message and one error");
    expect(heard[0]).toMatchObject({ topic: "site/north/a/t", text: "1" });
    const { error } = caught[0] as unknown as { error: RefusedError };
    expect(error.message).toContain("2 of 3 refused");
  });

  it("writes what an expression makes of the readings", async () => {
    const { heard, send } = await run({ codec: "jsonata", expression: '{"v": readings[0].value}' });
    send([reading({ value: 42 })]);
    await until(() => heard.length === 1, "the message");
    expect(JSON.parse(heard[0]?.text ?? "")).toEqual({ v: 42 });
  });

  it("retains when asked", async () => {
    const { heard, send } = await run({ retain: true });
    send([reading()]);
    await until(() => heard.length === 1, "the message");
    await client?.unsubscribeAsync("#");
    await client?.subscribeAsync("devices/#");
    await until(() => heard.length === 2, "the retained message");
    expect(heard[1]).toMatchObject({ topic: "devices/a/telemetry", retain: true });
  });

  it("refuses at once while offline when queueing is off, with the reason", async () => {
    const { caught, send } = await run({}, { mode: "url", url: "mqtt://127.0.0.1:1", queueOffline: false });
    await until(() => lastStatus().includes("nothing listens"), "the loss is shown");
    send([reading()]);
    await until(() => caught.length === 1, "the error");
    expect((caught[0] as unknown as { error: Error }).error.message).toContain(
      "not connected: nothing listens at mqtt://127.0.0.1:1",
    );
  });

  it("bounds what waits for the connection, and sends it when there is one", async () => {
    const port = await freePort();
    const { caught, completed, send } = await run(
      {},
      { mode: "url", url: `mqtt://127.0.0.1:${port}`, maxWaiting: 2, retryMost: 1 },
    );
    await until(() => lastStatus().includes("nothing listens"), "the loss is shown");
    send(["a", "b", "c", "d"].map((deviceId) => reading({ deviceId })));
    const { broker, release } = embeddedBroker({
      host: "127.0.0.1",
      port,
      username: "",
      password: "",
      log: () => undefined,
    });
    await broker.started;
    await until(() => caught.length === 1, "what had no room is refused", 15_000);
    expect((caught[0] as unknown as { error: RefusedError }).error.message).toContain(
      "2 of 4 refused: devices/c/telemetry: 2 messages wait",
    );
    send([reading()]);
    await until(() => completed.length === 1, "the next goes through");
    await stopFlow();
    await release();
  });

  it.each(["devices/+/x", "devices/{a...}", "{a}{b}"])("cannot publish to %s", async (topic) => {
    await startFlow(
      [brokerNode, telemetryOutNode],
      [
        { id: "b", type: "gatewise-broker", z: "", port: await freePort() },
        { id: "out", type: "gatewise-telemetry-out", broker: "b", topic, wires: [] },
      ],
    );
    expect(lastStatus()).toMatch(/topic/);
  });
});
