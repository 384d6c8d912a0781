// Replays real recordings through mosquitto and the pack into InfluxDB, and reports what the flow found in them.
//   npm run bench:recordings -- --data DIR [--quick]
// DIR holds occupancy/datatraining.txt (UCI office room, minute data) and nab/data/realKnownCause/*.csv (Numenta).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, startMosquitto } from "../support/mosquitto.mjs";
import { pause, until } from "../support/process.mjs";
import { recordingsFlow } from "./flow.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { values: options } = parseArgs({
  options: { data: { type: "string" }, quick: { type: "boolean", default: false } },
});

const recordings = [
  {
    device: "office-1",
    file: options.quick ? "occupancy/datatest.txt" : "occupancy/datatraining.txt",
    rules: [
      {
        device_ids: ["office-1"],
        sensor_types: ["CO2"],
        conditions: { max_value: 1000 },
        severity: "medium",
        message: "CO2 at {{value}}: air the room",
      },
      {
        device_ids: ["office-1"],
        sensor_types: ["Temperature"],
        conditions: { min_value: 19, max_value: 23 },
        severity: "low",
        message: "{{value}} degrees: outside 19 to 23",
      },
    ],
  },
  {
    device: "machine-room-1",
    file: "nab/data/realKnownCause/ambient_temperature_system_failure.csv",
    rules: [
      {
        device_ids: ["machine-room-1"],
        sensor_types: ["value"],
        conditions: { min_value: 60, max_value: 80 },
        severity: "high",
        message: "{{value}} F: outside 60 to 80",
      },
    ],
  },
];

if (!options.data) {
  console.error("recordings: --data DIR is missing: the folder that holds occupancy/ and nab/");
  process.exit(2);
}
for (const { file } of recordings) {
  if (!existsSync(join(options.data, file))) {
    console.error(`recordings: ${join(options.data, file)} does not exist`);
    process.exit(2);
  }
}

const work = mkdtempSync(join(tmpdir(), "gatewise-recordings-"));
const children = [];
let broker;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of children) child.kill("SIGTERM");
    process.exit(1);
  });
}

const figures = { name: "recordings" };
try {
  await main();
} finally {
  for (const child of children.reverse()) child.kill("SIGTERM");
  await broker?.stop();
  await pause(500);
  rmSync(work, { recursive: true, force: true });
}

async function main() {
  const [influxPort, rpcPort, redPort] = await Promise.all([freePort(), freePort(), freePort()]);
  // By default mosquitto drops what a subscriber has not taken beyond 1000 messages, also of QoS 1; here it keeps all.
  broker = await startMosquitto("max_queued_messages 0");
  const influxUrl = `http://127.0.0.1:${influxPort}`;
  const where = {
    mqttUrl: `mqtt://127.0.0.1:${broker.port}`,
    influxUrl,
    database: "recordings",
    anomaliesFile: join(work, "anomalies.jsonl"),
    alertsFile: join(work, "alerts.jsonl"),
    rules: recordings.flatMap((recording) => recording.rules),
  };
  startInflux(influxPort, rpcPort);
  await until("InfluxDB answers", () =>
    fetch(`${influxUrl}/ping`).then(
      (answer) => answer.ok,
      () => false,
    ),
  );
  await query(influxUrl, "CREATE DATABASE recordings");
  await startNodeRed(redPort, recordingsFlow(where));
  where.metricsUrl = `http://127.0.0.1:${redPort}/gatewise/metrics`;
  for (const recording of recordings) await replay(recording, where);
  await report(where);
}

function startInflux(port, rpcPort) {
  const config = join(work, "influx.conf");
  writeFileSync(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${work}/meta"
[data]
  dir = "${work}/data"
  wal-dir = "${work}/wal"
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
`,
  );
  start("influxd", ["-config", config]);
}

async function startNodeRed(port, flow) {
  const userDir = join(work, "red");
  mkdirSync(join(userDir, "node_modules/@gatewise"), { recursive: true });
  symlinkSync(root, join(userDir, "node_modules/@gatewise/node-red-aiot"), "dir");
  writeFileSync(join(userDir, "flows.json"), JSON.stringify(flow));
  writeFileSync(
    join(userDir, "settings.js"),
    `module.exports = { flowFile: "flows.json", uiHost: "127.0.0.1", uiPort: ${port}, credentialSecret: "bench" };`,
  );
  const red = start(process.execPath, [join(root, "node_modules/node-red/red.js"), "--userDir", userDir]);
  let output = "";
  red.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await until("Node-RED has started the flows", () => output.includes("Started flows"));
}

/** Publishes one recording with its own timestamps, as fast as the broker confirms. */
async function replay(recording, where) {
  const began = performance.now();
  const args = [
    join(options.data, recording.file),
    "--device",
    recording.device,
    "--broker",
    where.mqttUrl,
    "--speed",
    "max",
    "--keep-time",
  ];
  const run = start(process.execPath, [join(root, "scripts/devices/replay.mjs"), ...args]);
  let output = "";
  for (const stream of [run.stdout, run.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  const code = await new Promise((done) => run.once("exit", done));
  if (code !== 0) throw new Error(`replay of ${recording.file} ended with ${code}: ${output}`);
  recording.seconds = (performance.now() - began) / 1000;
  recording.published = Number(/(\d[\d,]*) readings/.exec(output)?.[1].replaceAll(",", ""));
  console.log(output.trim().split("\n").at(-1));
}

async function report(where) {
  let written = 0;
  const expected = recordings.reduce((sum, recording) => sum + recording.published, 0);
  const complete = async () => {
    const before = written;
    written = await count(where.influxUrl);
    return written >= expected && written === before;
  };
  await until("every reading is in InfluxDB", complete).catch(async (error) => {
    const metrics = await (await fetch(where.metricsUrl)).text();
    throw new Error(`${error.message}: ${written} of ${expected} are; the nodes count ${metrics}`);
  });
  const anomalies = linesOf(where.anomaliesFile);
  const events = linesOf(where.alertsFile);
  for (const recording of recordings) {
    console.log(
      `\n${recording.device} (${recording.file}): ${recording.published} readings in ${recording.seconds.toFixed(1)} s`,
    );
    const own = anomalies.filter((reading) => reading.deviceId === recording.device);
    for (const [sensor, list] of grouped(own, (reading) => reading.sensor)) {
      const worst = list.reduce((a, b) => (Math.abs(b.anomaly.score) > Math.abs(a.anomaly.score) ? b : a));
      console.log(
        `  anomalies ${sensor}: ${list.length}, strongest ${worst.anomaly.score.toFixed(1)} sigma at ${new Date(worst.timestamp).toISOString()} (${worst.value})`,
      );
    }
    const mine = events.filter((event) => event.deviceId === recording.device);
    const raised = mine.filter((event) => event.event === "raised");
    console.log(
      `  alerts: ${raised.length} raised, ${mine.filter((event) => event.event === "cleared").length} cleared`,
    );
    for (const event of raised.slice(0, 12))
      console.log(`    ${new Date(event.timestamp).toISOString()} ${event.severity} ${event.sensor}: ${event.message}`);
    figures[`${recording.device.replaceAll("-", "_")}_readings`] = recording.published;
    figures[`${recording.device.replaceAll("-", "_")}_anomalies`] = own.length;
    figures[`${recording.device.replaceAll("-", "_")}_alerts`] = raised.length;
  }
  console.log(`\nin InfluxDB: ${written} of ${expected} readings published`);
  figures.published = expected;
  figures.in_influxdb = written;
  console.log(`BENCH ${JSON.stringify(figures)}`);
}

async function count(url) {
  const answer = await query(url, "SELECT count(quality) FROM sensor_data");
  return answer.results[0]?.series?.[0]?.values[0][1] ?? 0;
}

async function query(url, q) {
  const response = await fetch(`${url}/query`, { method: "POST", body: new URLSearchParams({ q, db: "recordings" }) });
  if (!response.ok) throw new Error(`InfluxDB: ${response.status} ${await response.text()}`);
  return response.json();
}

function linesOf(file) {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function start(command, args) {
  const found = spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
  if (!found) throw new Error(`${command} is not installed`);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.resume();
  child.stdout.resume();
  children.push(child);
  return child;
}
