// Runs Node-RED headless with the built pack and one flow, in a process of its own. The parent asks for figures by IPC.
// What a flow has done it says by functions in the global context: counter.n at its end, collect(timestamp) at an alert.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(join(root, "package.json"));
const { flow } = JSON.parse(process.argv[2]);

const counter = { n: 0 };
let latencies = [];
const clock = () => performance.timeOrigin + performance.now();

const userDir = mkdtempSync(join(tmpdir(), "gatewise-gateway-"));
mkdirSync(join(userDir, "node_modules/@gatewise"), { recursive: true });
symlinkSync(root, join(userDir, "node_modules/@gatewise/node-red-aiot"));
writeFileSync(join(userDir, "flows.json"), JSON.stringify(flow));

const RED = require("node-red");
const server = createServer();
RED.init(server, {
  userDir,
  flowFile: "flows.json",
  httpAdminRoot: false,
  httpNodeRoot: false,
  credentialSecret: false,
  diagnostics: { enabled: false },
  logging: { console: { level: process.env.BENCH_LOG ?? "error", metrics: false, audit: false } },
  functionGlobalContext: {
    counter,
    collect: (timestamp) => latencies.push(clock() - timestamp),
    tell: (told) => process.send({ told }, () => undefined),
  },
});

/** What a copy of a batch costs, us a reading: ours and Node-RED's, taking turns so that both see the same machine. */
function copyCosts() {
  const { copyMessage } = require(join(root, "dist/kit/fork.js"));
  const cloneMessage = (msg) => RED.util.cloneMessage(msg);
  const ours = (msg) => copyMessage(msg, cloneMessage);
  const reading = (index) => ({
    deviceId: `device-${index}`,
    sensor: "temperature",
    value: 20 + index / 7,
    unit: "Cel",
    timestamp: Date.now() + index,
    quality: "good",
    seq: index,
    anomaly: { detector: "zScore", isAnomaly: false, score: 0.4, expected: { low: 19, high: 22 } },
  });
  const msg = { _msgid: "0", payload: Array.from({ length: 100 }, (_, index) => reading(index)) };
  const best = new Map([
    [ours, Infinity],
    [cloneMessage, Infinity],
  ]);
  for (let turn = 0; turn < 40; turn += 1) {
    for (const [copy, least] of best) {
      const began = performance.now();
      for (let times = 0; times < 50; times += 1) copy(msg);
      best.set(copy, Math.min(least, ((performance.now() - began) / 50 / msg.payload.length) * 1000));
    }
  }
  return { ours: best.get(ours), nodeRed: best.get(cloneMessage) };
}

const answers = {
  "copy costs": copyCosts,
  figures: () => ({ count: counter.n, at: performance.now(), cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }),
  latencies: () => {
    const taken = latencies;
    latencies = [];
    return taken;
  },
  metrics: () => require(join(root, "dist/kit/metrics.js")).metricsOfNodes.all(),
  "leave forks to Node-RED": () => RED.hooks.remove("preRoute.gatewise-fork"),
};

process.on("message", ({ id, ask }) => process.send({ id, answer: answers[ask]() ?? null }));
process.on("disconnect", () => process.exit());
process.on("exit", () => rmSync(userDir, { recursive: true, force: true }));
// Without asking: the publisher goes by it.
setInterval(() => process.connected && process.send({ count: counter.n }, () => undefined), 10).unref();

RED.events.once("flows:started", () => process.send({ ready: true }));
await RED.start();
