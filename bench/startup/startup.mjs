// What the pack adds to Node-RED's start: time until the flows have started, and memory then. Node-RED with and without
// the pack take turns, so that a busy machine is unfair to neither. Usage: startup.mjs [--quick] [--runs N]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/mosquitto.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const require = createRequire(join(root, "package.json"));
const red = join(dirname(require.resolve("node-red/package.json")), "red.js");
const runs = Number(argument("--runs") ?? (process.argv.includes("--quick") ? 5 : 15));
/** Limits that the pack holds itself to. */
const MAX_ADDED_MS = 300;
const MAX_ADDED_MB = 25;

// The first start of each reads files that later ones find in the system's cache.
for (const withPack of [false, true]) await startOnce(withPack);
const without = [];
const withIt = [];
for (let run = 0; run < runs; run += 1) {
  for (const withPack of run % 2 === 0 ? [false, true] : [true, false]) {
    (withPack ? withIt : without).push(await startOnce(withPack));
  }
}

const figures = {
  plain_ms: median(without.map(({ ms }) => ms)),
  pack_ms: median(withIt.map(({ ms }) => ms)),
  plain_rss_mb: median(without.map(({ mb }) => mb)),
  pack_rss_mb: median(withIt.map(({ mb }) => mb)),
};
const addedMs = figures.pack_ms - figures.plain_ms;
const addedMb = figures.pack_rss_mb - figures.plain_rss_mb;
const { version } = require("node-red/package.json");
console.log(`Node-RED ${version} on Node ${process.version}, medians of ${runs} starts each, taking turns`);
console.log(
  `without the pack: flows started after ${figures.plain_ms.toFixed(0)} ms, ${figures.plain_rss_mb.toFixed(1)} MB resident`,
);
console.log(
  `with the pack:    flows started after ${figures.pack_ms.toFixed(0)} ms, ${figures.pack_rss_mb.toFixed(1)} MB resident`,
);
console.log(
  `added:            ${addedMs.toFixed(0)} ms (at most ${MAX_ADDED_MS}), ${addedMb.toFixed(1)} MB (at most ${MAX_ADDED_MB})`,
);
const line = {
  name: "startup",
  added_ms: Math.round(addedMs),
  added_rss_mb: round(addedMb),
  ratio_ms: round(figures.pack_ms / figures.plain_ms, 100),
  ratio_rss: round(figures.pack_rss_mb / figures.plain_rss_mb, 100),
  plain_ms: Math.round(figures.plain_ms),
  plain_rss_mb: round(figures.plain_rss_mb),
  runs,
};
console.log(`BENCH ${JSON.stringify(line)}`);

async function startOnce(withPack) {
  const userDir = mkdtempSync(join(tmpdir(), "gatewise-startup-"));
  const port = await freePort();
  writeFileSync(join(userDir, "package.json"), '{ "name": "user-dir", "private": true }');
  writeFileSync(join(userDir, "settings.js"), `module.exports = ${JSON.stringify(settings(port))};`);
  if (withPack) linkPack(userDir);
  const began = performance.now();
  const child = spawn(process.execPath, [red, "--userDir", userDir, "--settings", join(userDir, "settings.js")], {
    env: { ...process.env, NODE_RED_DISABLE_TELEMETRY: "true", NODE_ENV: "production" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await flowsStarted(child);
    const ms = performance.now() - began;
    // What is loaded at the start is loaded now; half a second later the first garbage has been collected as well.
    await new Promise((done) => setTimeout(done, 500));
    return { ms, mb: residentMb(child.pid) };
  } finally {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(userDir, { recursive: true, force: true });
  }
}

function settings(port) {
  return {
    uiPort: port,
    uiHost: "127.0.0.1",
    flowFile: "flows.json",
    credentialSecret: "bench",
    telemetry: { enabled: false, updateNotification: false },
    // A development dependency of the checkout that Node-RED would find: neither side has it.
    nodesExcludes: ["node-red-dashboard"],
  };
}

function linkPack(userDir) {
  const scope = join(userDir, "node_modules/@gatewise");
  mkdirSync(scope, { recursive: true });
  symlinkSync(root, join(scope, "node-red-aiot"));
}

function flowsStarted(child) {
  let text = "";
  return new Promise((done, fail) => {
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("Started flows")) done();
    });
    child.once("exit", (code) => fail(new Error(`Node-RED ended with ${code}:\n${text}`)));
  });
}

/** Resident memory as Linux counts it. */
function residentMb(pid) {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
}

function argument(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function round(value, steps = 10) {
  return Math.round(value * steps) / steps;
}
