// How many readings a second one process carries from a real broker through the whole pipeline, against core nodes in the
// same run, and how long an alert takes. `--quick` takes half a minute; `--profile c` writes a CPU profile of a variant.
import { parseArgs } from "node:util";
import { startMosquitto } from "../support/mosquitto.mjs";
import { median, pause, percentile, round, startChild, until } from "../support/process.mjs";
import { fork, variants } from "./flows.mjs";

const { values: args } = parseArgs({
  options: { quick: { type: "boolean", default: false }, profile: { type: "string" }, only: { type: "string" } },
});
const DEVICES = 1000;
const rounds = args.quick || args.profile || args.only ? 1 : 3;
const warmUpMs = args.quick ? 1000 : 3000;
const measureMs = args.quick ? 2000 : 8000;
const latencyMs = args.quick ? 3000 : 15_000;

const broker = await startMosquitto("max_queued_messages 0");
const results = { a: [], b: [], c: [] };
let latencies = [];
console.log(
  `${DEVICES} devices, one reading a message, mosquitto, ${rounds} round(s) of ${measureMs / 1000} s each, each variant a process of its own`,
);
try {
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const name of chosen()) await measureVariant(name, turn === rounds - 1);
  }
  const forks = args.only || args.profile ? undefined : await measureForks();
  if (!args.only && !args.profile) report(forks);
} finally {
  await broker.stop();
}

function chosen() {
  if (args.profile) return [args.profile];
  return args.only ? args.only.split(",") : Object.keys(variants);
}

async function withPipeline(flow, work, execArgv = []) {
  let publisher;
  const onTold = ({ count }) => publisher?.tell({ counted: count });
  const gateway = await startChild("gateway.mjs", { flow }, { onTold, execArgv });
  publisher = await startChild("publisher.mjs", { port: broker.port, devices: DEVICES });
  try {
    // A subscription may come after "started": messages before it do not count, so they are few and at a low rate.
    publisher.tell({ mode: { kind: "rate", perSecond: 200 } });
    await until("the flow hears", async () => (await gateway.ask("figures")).count > 0);
    publisher.tell({ mode: { kind: "stop" } });
    await drained(gateway, publisher, 0);
    return await work(gateway, publisher);
  } finally {
    await publisher.stop();
    await gateway.stop();
  }
}

/** Until the flow has counted all that was sent, or nothing has come for two seconds; returns how many are missing. */
async function drained(gateway, publisher, offset) {
  let missing = Number.POSITIVE_INFINITY;
  let since = performance.now();
  await until("the flow is drained", async () => {
    const still = (await publisher.ask("sent")).sent + offset - (await gateway.ask("figures")).count;
    if (still !== missing) since = performance.now();
    missing = still;
    return missing === 0 || performance.now() - since > 2000;
  });
  return missing;
}

async function measureRate(gateway, publisher) {
  const offset = (await gateway.ask("figures")).count - (await publisher.ask("sent")).sent;
  publisher.tell({ mode: { kind: "window" } });
  await pause(warmUpMs);
  const from = await gateway.ask("figures");
  const brokerFrom = broker.cpuSeconds();
  await pause(measureMs);
  const to = await gateway.ask("figures");
  const brokerTo = broker.cpuSeconds();
  publisher.tell({ mode: { kind: "stop" } });
  const lost = await drained(gateway, publisher, offset);
  const messages = to.count - from.count;
  const cpuSeconds = (to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system) / 1e6;
  return {
    perSecond: messages / ((to.at - from.at) / 1000),
    cpuPerMillion: (cpuSeconds / messages) * 1e6,
    // Near 1 the broker is what limits, near 1 the gateway is.
    busy: cpuSeconds / ((to.at - from.at) / 1000),
    brokerBusy: (brokerTo - brokerFrom) / ((to.at - from.at) / 1000),
    rssMb: to.rss / 1e6,
    lost,
  };
}

async function measureVariant(name, isLast) {
  const { title, flow } = variants[name];
  const execArgv = args.profile === name ? ["--cpu-prof", "--cpu-prof-dir=/tmp/gatewise-profile"] : [];
  await withPipeline(
    flow(broker.port),
    async (gateway, publisher) => {
      const result = await measureRate(gateway, publisher);
      results[name].push(result);
      console.log(
        `${name}: ${Math.round(result.perSecond)} messages/s, ${round(result.cpuPerMillion)} CPU s per million, busy ${round(result.busy)} (mosquitto ${round(result.brokerBusy)}), RSS ${Math.round(result.rssMb)} MB, ${result.lost} lost   (${title})`,
      );
      if (name === "c" && isLast) latencies = await measureLatency(gateway);
    },
    execArgv,
  );
}

/** A publisher of its own, half of whose devices go in and out of alert, so that there are enough events for a p99. */
async function measureLatency(gateway) {
  const publisher = await startChild("publisher.mjs", {
    port: broker.port,
    devices: DEVICES,
    alertEvery: 2,
  });
  publisher.tell({ mode: { kind: "rate", perSecond: 1000 } });
  await pause(args.quick ? 2000 : 5000);
  await gateway.ask("latencies");
  await pause(latencyMs);
  const taken = (await gateway.ask("latencies")).sort((x, y) => x - y);
  await publisher.stop();
  const of = (p) => round(percentile(taken, p));
  console.log(
    `publish to alert at 1000 messages/s: p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, max ${round(taken.at(-1) ?? Number.NaN)} ms over ${taken.length} alert events`,
  );
  return taken;
}

async function measureForks() {
  const one = await withPipeline(fork(broker.port, 1), measureRate);
  return withPipeline(fork(broker.port, 3), async (gateway, publisher) => {
    const { ours, nodeRed } = await gateway.ask("copy costs");
    const fast = await measureRate(gateway, publisher);
    await gateway.ask("leave forks to Node-RED");
    const slow = await measureRate(gateway, publisher);
    const told = ({ perSecond, cpuPerMillion }) =>
      `${Math.round(perSecond)}/s (${round(cpuPerMillion)} CPU s per million)`;
    console.log(
      `a fork to three nodes: without ${told(one)}, with our copy ${told(fast)}, with Node-RED's ${told(slow)}`,
    );
    console.log(
      `a further branch copies a reading with its verdict in ${round(ours)} us, Node-RED's copy takes ${round(nodeRed)} us`,
    );
    return { ours: round(ours), nodeRed: round(nodeRed) };
  });
}

function report(forks) {
  const rate = (name) => median(results[name].map(({ perSecond }) => perSecond));
  const [a, b, c] = ["a", "b", "c"].map(rate);
  const of = (name, figure) => round(median(results[name].map((result) => result[figure])));
  console.log(
    `ours does ${round(c / b)} times what the hand-wired flow does (asked: 5), ${round(c / a)} times what core does without any work (asked: 1.5)`,
  );
  console.log(
    `BENCH ${JSON.stringify({
      name: "pipeline",
      core_per_s: Math.round(a),
      handwired_per_s: Math.round(b),
      gatewise_per_s: Math.round(c),
      ratio_to_handwired: round(c / b),
      ratio_to_core: round(c / a),
      p50_ms: round(percentile(latencies, 0.5)),
      p99_ms: round(percentile(latencies, 0.99)),
      core_cpu_s_per_million: of("a", "cpuPerMillion"),
      handwired_cpu_s_per_million: of("b", "cpuPerMillion"),
      gatewise_cpu_s_per_million: of("c", "cpuPerMillion"),
      core_rss_mb: of("a", "rssMb"),
      handwired_rss_mb: of("b", "rssMb"),
      gatewise_rss_mb: of("c", "rssMb"),
      lost: results.c.reduce((sum, { lost }) => sum + lost, 0),
      fork_copy_us: forks.ours,
      fork_copy_node_red_us: forks.nodeRed,
    })}`,
  );
}
