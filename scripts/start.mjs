// The gateway: Node-RED with the pack, its embedded broker and store, and simulated devices or a recording as a process
// of their own. `npm start -- --help` lists the options.
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readOptions } from "./gateway/options.mjs";
import { requireFreePorts } from "./gateway/ports.mjs";
import { GatewayProcesses } from "./gateway/processes.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const options = readOptions(process.argv.slice(2), process.env, root);
await requireFreePorts(options);
const userDir = prepareUserDir();
const processes = new GatewayProcesses(root);
await processes.startNodeRed(userDir, options);
processes.startDevices(options);
announce();

/** A user directory that is kept between starts: the flow as its user changed it, the store, the credentials' key. */
function prepareUserDir() {
  const directory = options.data;
  mkdirSync(directory, { recursive: true });
  const flow = join(directory, "flows.json");
  if (options.reset || !existsSync(flow)) cpSync(options.flow, flow);
  linkPack(directory);
  writeFileSync(join(directory, "settings.js"), settings(directory));
  return directory;
}

/** Node-RED finds the pack as it would find an installed one. */
function linkPack(directory) {
  const link = join(directory, "node_modules/@gatewise/node-red-aiot");
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { recursive: true, force: true });
  symlinkSync(root, link, "junction");
}

function settings(directory) {
  return `module.exports = {
  flowFile: "flows.json",
  credentialSecret: ${JSON.stringify(secretOf(directory))},
  uiHost: ${JSON.stringify(options.host)},
  uiPort: ${options.port},
  logging: { console: { level: "info", metrics: false, audit: false } },
  editorTheme: { page: { title: "Gatewise" }, header: { title: "Gatewise" }, tours: false, codeEditor: { lib: "monaco" } },
  telemetry: { enabled: false, updateNotification: false },
  dashboard: { path: "dashboard" },
};
`;
}

/** Credentials are encrypted with a key that is made once and stays with the user directory. */
function secretOf(directory) {
  const path = join(directory, ".credential-secret");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(path, "utf8");
}

function announce() {
  const url = `http://${options.host === "0.0.0.0" ? "127.0.0.1" : options.host}:${options.port}`;
  const lines = [
    "",
    `  Editor      ${url}/`,
    `  Dashboard   ${url}/dashboard/`,
    `  MQTT        mqtt://127.0.0.1:${options.mqttPort}   (topics devices/{id}/telemetry)`,
    `  Data        ${userDir}`,
    "",
    "  Ctrl-C stops everything.",
    "",
  ];
  if (options.host !== "127.0.0.1")
    lines.splice(1, 0, "  Warning: the editor has no password and can be reached from other machines.", "");
  console.log(lines.join("\n"));
}
