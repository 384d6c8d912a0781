// Devices that publish ten times what the flow can take: memory must stay bounded, and every message that does not reach
// the flow must be counted by whoever dropped it. For QoS 0 and 1, against mosquitto. `--quick` takes under 30 s.
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { startMosquitto } from "../support/mosquitto.mjs";
import { median, pause, round, startChild, until } from "../support/process.mjs";

const mqtt = createRequire(import.meta.url)("mqtt");
const { values: args } = parseArgs({ options: { quick: { type: "boolean", default: false } } });

const BATCH = 100;
const IN_FLOW = 4;
const BATCH_MS = 100;
/** What the flow takes: four batches of a hundred at a time, each for a tenth of a second. */
const CAPACITY = (IN_FLOW * BATCH * 1000) / BATCH_MS;
const RATE = 10 * CAPACITY;
const seconds = args.quick ? 5 : 120;
/** What the broker keeps for a client that is slow. */
const QUEUE = 1000;

const results = [];
for (const qos of [0, 1]) results.push(await overload(qos));
const [qos0, qos1] = results;
const ok = results.every(({ unaccounted, growthMb }) => unaccounted === 0 && growthMb < 64);
console.log(
  ok ? "every message is accounted for and memory stayed bounded" : "NOT everything is accounted for, or memory grew",
);
console.log(
  `BENCH ${JSON.stringify({
    name: "overload",
    seconds,
    flow_takes_per_s: CAPACITY,
    published_per_s: RATE,
    qos0_sent: qos0.sent,
    qos0_received: qos0.received,
    qos0_dropped_by_broker: qos0.dropped,
    qos0_unaccounted: qos0.unaccounted,
    qos0_overcounted: qos0.overcounted,
    qos0_rss_growth_mb: qos0.growthMb,
    qos1_sent: qos1.sent,
    qos1_received: qos1.received,
    qos1_dropped_by_broker: qos1.dropped,
    qos1_unaccounted: qos1.unaccounted,
    qos1_overcounted: qos1.overcounted,
    qos1_rss_growth_mb: qos1.growthMb,
    rss_most_mb: Math.max(qos0.mostMb, qos1.mostMb),
    received_of_capacity: round(Math.min(qos0.received, qos1.received) / (CAPACITY * seconds)),
  })}`,
);
process.exitCode = ok ? 0 : 1;

async function overload(qos) {
  const broker = await startMosquitto(`max_queued_messages ${QUEUE}\nmax_inflight_messages ${2 * BATCH}`);
  const sys = await watchBroker(broker.port);
  const gateway = await startChild("gateway.mjs", { flow: slowFlow(broker.port, qos) });
  const publisher = await startChild("publisher.mjs", { port: broker.port, devices: 1000, qos });
  try {
    return await run(qos, { sys, gateway, publisher });
  } finally {
    await publisher.stop();
    await gateway.stop();
    sys.client.end(true);
    await broker.stop();
  }
}

async function run(qos, { sys, gateway, publisher }) {
  publisher.tell({ mode: { kind: "rate", perSecond: 100 } });
  await until("the flow hears", async () => (await gateway.ask("figures")).count > 0);
  publisher.tell({ mode: { kind: "stop" } });
  await settled(gateway);
  const before = {
    count: (await gateway.ask("figures")).count,
    sent: (await publisher.ask("sent")).sent,
    dropped: sys.dropped,
  };

  publisher.tell({ mode: { kind: "rate", perSecond: RATE } });
  const rss = [];
  for (let second = 0; second < seconds; second += 0.5) {
    await pause(500);
    rss.push((await gateway.ask("figures")).rss / 1e6);
  }
  publisher.tell({ mode: { kind: "stop" } });
  await settled(gateway);
  await sys.settled();

  const sent = (await publisher.ask("sent")).sent - before.sent;
  const received = (await gateway.ask("figures")).count - before.count;
  const dropped = sys.dropped - before.dropped;
  // The first quarter is for the heap to find its size; it goes up and down with each collection, so medians are compared.
  const quarter = Math.ceil(rss.length / 4);
  const growthMb = round(median(rss.slice(-quarter)) - median(rss.slice(quarter, 2 * quarter)), 1);
  const [{ metrics }] = (await gateway.ask("metrics")).filter(({ type }) => type === "gatewise-telemetry-in");
  const result = {
    sent,
    received,
    dropped,
    // Below zero the broker has counted more drops than there were: nothing is missing then.
    unaccounted: Math.max(0, sent - received - dropped),
    overcounted: Math.max(0, received + dropped - sent),
    growthMb,
    mostMb: round(Math.max(...rss), 1),
  };
  console.log(
    `QoS ${qos}: ${sent} published in ${seconds} s, ${received} through the flow, ${dropped} dropped by the broker, ${result.unaccounted} unaccounted for${result.overcounted > 0 ? ` (the broker counted ${result.overcounted} drops too many)` : ""}`,
  );
  console.log(
    `       telemetry in counted ${metrics.messages} messages, ${metrics.in} readings, ${metrics.refused} refused, ${metrics.counts.batches} batches; RSS at most ${result.mostMb} MB, ${growthMb} MB more in the last quarter than in the second`,
  );
  return result;
}

/** Until nothing arrives any more: what the broker had queued has come. */
async function settled(gateway) {
  let before = -1;
  await until(
    "the flow is drained",
    async () => {
      const { count } = await gateway.ask("figures");
      const same = count === before;
      before = count;
      await pause(1000);
      return same;
    },
    120_000,
  );
}

/** The broker's own count of what it dropped. */
async function watchBroker(port) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const sys = {
    client,
    dropped: 0,
    reports: 0,
    /** The count is published once a second, when it has changed. */
    async settled() {
      await pause(2500);
    },
  };
  client.on("message", (_topic, payload) => {
    sys.dropped = Number(payload);
    sys.reports += 1;
  });
  await client.subscribeAsync("$SYS/broker/publish/messages/dropped");
  return sys;
}

function slowFlow(port, qos) {
  const on = (node) => ({ ...node, z: "tab", x: 100, y: 100 });
  const work = `setTimeout(() => { (node.counter ??= global.get("counter")).n += msg.payload.length; node.done(); }, ${BATCH_MS}); return null;`;
  return [
    { id: "tab", type: "tab", label: "bench" },
    { id: "broker", type: "gatewise-broker", version: 1, mode: "url", url: `mqtt://127.0.0.1:${port}` },
    on({
      id: "in",
      type: "gatewise-telemetry-in",
      version: 1,
      broker: "broker",
      qos: `qos${qos}`,
      batchSize: BATCH,
      maxInFlow: IN_FLOW,
      wires: [["work"], []],
    }),
    on({ id: "work", type: "function", func: work, outputs: 1, libs: [], wires: [[]] }),
  ];
}
