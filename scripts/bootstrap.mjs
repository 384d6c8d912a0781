// The entry of `npm start` and `npm test`. Runs on any Node from 20 on with nothing installed: installs what the
// lockfile names, builds when sources are newer than dist/, then hands over to the Node that the pack itself needs.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const bin = join(modules, ".bin");
const [mode, ...args] = process.argv.slice(2);

const commands = {
  start: () => [join(root, "scripts/start.mjs"), ...args],
  test: () => [join(modules, "vitest/vitest.mjs"), "run", ...args],
  bench: () => [join(root, "bench", args[0] ?? "", `${args[0]}.mjs`), ...args.slice(1)],
  setup: undefined,
};
if (!Object.hasOwn(commands, mode ?? "")) {
  console.error(`bootstrap: expected one of ${Object.keys(commands).join(", ")}, got ${mode ?? "nothing"}`);
  process.exit(2);
}

install();
const node = ownNode();
build();
if (mode !== "setup") handOver(commands[mode]());

function install() {
  const stamp = join(modules, ".gatewise-setup");
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("installing dependencies (once) …");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], "npm ci failed: its output above says why");
  rebuildNativeAddons();
  writeFileSync(stamp, wanted);
}

/**
 * The `node` package carries the binary; its install script only puts it in place. Where scripts are not run by policy,
 * that step is done here.
 */
function ownNode() {
  const path = join(modules, "node/bin/node");
  const works = () => existsSync(path) && spawnSync(path, ["--version"]).status === 0;
  if (!works())
    run(
      process.execPath,
      ["installArchSpecificPackage.js"],
      "the node package could not be set up",
      join(modules, "node"),
    );
  if (works()) return path;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 9)) return process.execPath;
  return fail(`Gatewise needs Node 22.9 or later: this is ${process.version}, and the bundled one does not run here`);
}

/** Native addons were compiled for the Node that ran npm; they must fit the one that runs the pack. */
function rebuildNativeAddons() {
  const native = readdirSync(modules).filter((name) => existsSync(join(modules, name, "binding.gyp")));
  if (native.length === 0) return;
  const headers = join(modules, "node/node_modules", `node-${process.platform}-${process.arch}`);
  console.log(`compiling ${native.join(", ")} …`);
  const options = { cwd: root, stdio: "inherit", env: { ...environment(), npm_config_nodedir: headers } };
  if (spawnSync("npm", ["rebuild", ...native], options).status !== 0) {
    console.error("native addons could not be compiled; nodes that need them will say so, all others work");
  }
}

function build() {
  const stamp = join(root, "dist/.built");
  const sources = [
    "lib",
    "kit",
    "nodes",
    "cli",
    "icons",
    "scripts",
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
  ];
  if (existsSync(stamp) && sources.every((source) => newest(join(root, source)) <= statSync(stamp).mtimeMs)) return;
  run(node, [join(root, "scripts/build.mjs")], "the build failed: the errors are above");
  writeFileSync(stamp, "");
}

function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

function environment() {
  const path = `${bin}${delimiter}${process.env.PATH ?? ""}`;
  // The CPU library is in the package; its install script would fetch some hundred megabytes for CUDA besides.
  return { ONNXRUNTIME_NODE_INSTALL: "skip", ...process.env, PATH: path };
}

function run(command, parameters, problem, cwd = root) {
  const result = spawnSync(command, parameters, { cwd, stdio: "inherit", env: environment() });
  if (result.status !== 0) fail(problem);
}

function handOver(command) {
  const child = spawn(node, command, { cwd: root, stdio: "inherit", env: environment() });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function fail(message) {
  console.error(`bootstrap: ${message}`);
  process.exit(1);
}
