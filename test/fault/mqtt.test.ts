import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../kit/red";
import type { Reading } from "../../lib/reading";
import brokerNode from "../../nodes/protocols/broker/broker";
import telemetryInNode from "../../nodes/protocols/telemetry-in/telemetry-in";
import telemetryOutNode from "../../nodes/protocols/telemetry-out/telemetry-out";
import { statusOf, withHooks } from "../support/hooks";
import { type Mosquitto, startMosquitto, until } from "../support/mosquitto";
import { missing } from "../support/needs";
import { messagesAt, startFlow, stopFlow } from "../support/red";

const root = join(__dirname, "../..");
const telemetry = (value: number): string =>
  JSON.stringify({ sensors: [{ type: "n", value, unit: "1" }], timestamp: Date.now() });
const valuesOf = (messages: readonly NodeMessage[]): number[] =>
  messages.flatMap(({ payload }) => (payload as Reading[]).map(({ value }) => Number(value)));

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function mosquittoFor(config: string): Promise<Mosquitto> {
  const mosquitto = await startMosquitto((dir) => `allow_anonymous true\n${config}`.replaceAll("{dir}", `${dir}/`));
  cleanUps.push(() => mosquitto.remove());
  return mosquitto;
}

async function outsider(mosquitto: Mosquitto): Promise<MqttClient> {
  const client = await connectAsync(mosquitto.url, { reconnectPeriod: 50 });
  client.on("error", () => undefined);
  cleanUps.push(() => client.endAsync(true));
  return client;
}

/** Waits until the broker itself says that it has so many clients besides the one that asks; it publishes changes only. */
async function untilClientsAre(mosquitto: Mosquitto, count: number): Promise<void> {
  const asking = await connectAsync(mosquitto.url);
  let told = 0;
  asking.on("message", (_topic, payload) => {
    told = Number(payload);
  });
  await asking.subscribeAsync("$SYS/broker/clients/connected");
  await until(`the broker has ${count} clients`, () => told === count + 1);
  await asking.endAsync();
}

describe.skipIf(missing("mosquitto"))("mosquitto stopped and started again under load", () => {
  it("is come back to, with an honest status, as one client a node, and nothing confirmed is lost", async () => {
    // A broker that keeps on disk what it has confirmed, as one does that is trusted with QoS 1.
    const mosquitto = await mosquittoFor(
      "persistence true\npersistence_location {dir}\nautosave_on_changes true\nautosave_interval 1",
    );
    cleanUps.push(stopFlow);
    await startFlow(
      [brokerNode, withHooks(telemetryInNode), telemetryOutNode],
      [
        {
          id: "b",
          type: "gatewise-broker",
          z: "",
          mode: "url",
          url: mosquitto.url,
          persistentSession: true,
          clientId: "gw",
          retryMost: 1,
        },
        { id: "in", type: "gatewise-telemetry-in", broker: "b", duplicates: "drop", wires: [["heard", "out"], []] },
        { id: "out", type: "gatewise-telemetry-out", broker: "b", topic: "copies/{id}", wires: [] },
        { id: "heard", type: "helper", wires: [] },
      ],
    );
    const heard = messagesAt("heard");
    await until(
      "the nodes are connected",
      () => statusOf("in").startsWith("connected") && statusOf("out").startsWith("connected"),
    );
    const publisher = await outsider(mosquitto);
    const confirmed: number[] = [];
    let running = true;
    const load = (async () => {
      for (let n = 0; running; n += 1) {
        await publisher.publishAsync("devices/load/telemetry", telemetry(n), { qos: 1 }).then(
          () => confirmed.push(n),
          () => undefined,
        );
      }
    })();

    for (let outage = 0; outage < 2; outage += 1) {
      const before = confirmed.length;
      await until("the load runs", () => confirmed.length > before + 200);
      await mosquitto.stop();
      await until(
        "the status tells of the loss",
        () => /nothing listens|closed/.test(statusOf("in")) && /trying again/.test(statusOf("out")),
      );
      await mosquitto.start();
      await until(
        "the nodes are back",
        () => statusOf("in").startsWith("connected") && statusOf("out").startsWith("connected"),
      );
    }
    const after = confirmed.length;
    await until("the load goes on", () => confirmed.length > after + 200);
    running = false;
    await load;
    await until("all that was confirmed came", () => new Set(valuesOf(heard)).size >= confirmed.length);
    const values = new Set(valuesOf(heard));
    expect(confirmed.filter((value) => !values.has(value))).toEqual([]);
    // Telemetry in, telemetry out and the publisher of this test: had one of them connected twice, there would be more.
    await untilClientsAre(mosquitto, 3);
  });
});

describe.skipIf(missing("mosquitto"))("a gateway killed while readings are in its flow", () => {
  it("gets every reading again that the flow had not finished, and none that it had", async () => {
    if (!existsSync(join(root, "dist/nodes/protocols/telemetry-in/telemetry-in.html")))
      throw new Error("needs the built pack: npm run build");
    const mosquitto = await mosquittoFor("max_inflight_messages 500");
    const first = await gateway(
      mosquitto,
      'if (msg.payload.some((r) => r.value >= 100)) return null; say("done", msg); node.done(); return null;',
    );
    const publisher = await outsider(mosquitto);
    await until("it hears", async () => {
      await publisher.publishAsync("devices/a/telemetry", telemetry(-1), { qos: 1 });
      return first.said.length > 0;
    });
    for (let n = 0; n < 50; n += 1) await publisher.publishAsync("devices/a/telemetry", telemetry(n), { qos: 1 });
    await until("the first fifty are done", () => first.values("done").includes(49));
    // What has been acknowledged is known to the broker only when it has read it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let n = 100; n < 200; n += 1) await publisher.publishAsync("devices/a/telemetry", telemetry(n), { qos: 1 });
    await until(
      "the next hundred are in the flow",
      () => first.values("in").includes(199) || first.values("in").length >= 100,
    );
    first.child.kill("SIGKILL");
    await once(first.child, "exit");

    const second = await gateway(mosquitto, 'say("done", msg); node.done(); return null;');
    await until("the hundred come again", () => second.values("done").filter((value) => value >= 100).length >= 100);
    expect([...new Set(second.values("done"))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => 100 + index),
    );
    second.child.disconnect();
    await once(second.child, "exit");
  });
});

interface Gateway {
  readonly child: ChildProcess;
  readonly said: { what: string; values: number[] }[];
  values(what: string): number[];
}

/** Node-RED with the built pack in a process of its own: telemetry in, acknowledging what the flow has finished, and a function. */
async function gateway(mosquitto: Mosquitto, work: string): Promise<Gateway> {
  const say =
    'const say = (what, { payload }) => global.get("tell")({ what, values: payload.map((r) => r.value) }); say("in", msg);';
  const on = (node: object): object => ({ ...node, z: "tab", x: 100, y: 100 });
  const flow = [
    { id: "tab", type: "tab", label: "test" },
    {
      id: "b",
      type: "gatewise-broker",
      version: 1,
      mode: "url",
      url: mosquitto.url,
      persistentSession: true,
      clientId: "killed",
    },
    on({
      id: "in",
      type: "gatewise-telemetry-in",
      version: 1,
      broker: "b",
      acknowledge: "completed",
      batchSize: 20,
      maxInFlow: 100,
      wires: [["f"], []],
    }),
    on({ id: "f", type: "function", func: `${say}\n${work}`, outputs: 1, libs: [], wires: [[]] }),
  ];
  const child = fork(join(root, "bench/support/gateway.mjs"), [JSON.stringify({ flow })], { execArgv: [] });
  const said: { what: string; values: number[] }[] = [];
  let ready = false;
  child.on("message", (message: { ready?: boolean; told?: { what: string; values: number[] } }) => {
    if (message.ready) ready = true;
    if (message.told) said.push(message.told);
  });
  cleanUps.push(async () => child.kill("SIGKILL"));
  await until("the gateway has started", () => ready);
  return { child, said, values: (what) => said.filter((one) => one.what === what).flatMap(({ values }) => values) };
}
