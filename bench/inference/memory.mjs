// What the worker of a small model takes, a thread or for native runtimes a process: memory of a host of its own, with the
// processes that it starts, for one, two … models of a runtime, of which the first also loads the code that they share.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { mlp, trees } from "./models.mjs";

const { Models } = createRequire(import.meta.url)("../../dist/lib/inference/index.js");
const MODELS = 5;

export const RUNTIMES = ["gatewise", "onnxruntime-node", "onnxruntime-web", "tfjs-wasm", "tfjs-cpu", "litert"];

/** Imports small models, and lets a fresh process use them. @returns MB of the first one's worker and of each further one's */
export async function memoryOf(runtime) {
  const folder = mkdtempSync(join(tmpdir(), "gatewise-bench-"));
  try {
    const models = storeIn(folder, runtime);
    const files = await filesOf(runtime);
    for (let i = 0; i < MODELS; i++) await models.import({ about: { name: `m${i}`, task: "raw" }, files });
    await models.close();
    const script = fileURLToPath(import.meta.url);
    return JSON.parse(execFileSync(process.execPath, [script, runtime, folder], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function storeIn(folder, runtime) {
  const isOnly = runtime === "gatewise" || runtime === "litert";
  return new Models({ folder }, { runtime: isOnly ? "auto" : runtime });
}

/** y = relu(x + 1), as a frozen graph of TensorFlow.js. */
function graph() {
  const shaped = { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }, { size: "2" }] } };
  const dtype = { type: "DT_FLOAT" };
  const node = [
    { name: "x", op: "Placeholder", attr: { dtype, shape: { shape: shaped.tensorShape } } },
    { name: "one", op: "Const", attr: { dtype, value: { tensor: { dtype: "DT_FLOAT", tensorShape: {} } } } },
    { name: "sum", op: "AddV2", input: ["x", "one"], attr: { T: dtype } },
    { name: "y", op: "Relu", input: ["sum"], attr: { T: dtype } },
  ];
  const json = {
    format: "graph-model",
    modelTopology: { node, versions: { producer: 1 } },
    signature: { inputs: { x: { name: "x:0", ...shaped } }, outputs: { y: { name: "y:0", ...shaped } } },
    weightsManifest: [{ paths: ["w.bin"], weights: [{ name: "one", shape: [], dtype: "float32" }] }],
  };
  const weights = Buffer.from(Float32Array.of(1).buffer);
  return new Map([
    ["model.json", Buffer.from(JSON.stringify(json))],
    ["w.bin", weights],
  ]);
}

async function tflite() {
  const source = readFileSync(new URL("../../test/support/tflite.ts", import.meta.url), "utf8");
  const { code } = transformSync(source, { loader: "ts", format: "cjs" });
  const module = { exports: {} };
  new Function("module", "exports", "require", code)(module, module.exports, createRequire(import.meta.url));
  return new Map([["model.tflite", module.exports.tfliteModel()]]);
}

async function filesOf(runtime) {
  if (runtime === "gatewise") return new Map([["trees.json", Buffer.from(JSON.stringify(trees(200, 6, 20).document))]]);
  if (runtime.startsWith("onnx")) return new Map([["mlp.onnx", mlp()]]);
  return runtime === "litert" ? tflite() : graph();
}

/** MB of this process and those that it started; what several share counts for each in part (PSS). */
function proportional() {
  const children = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && parentOf(pid) === process.pid);
  const kilobytes = ["self", ...children].map((pid) =>
    Number(/^Pss:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1]),
  );
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

function parentOf(pid) {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
  } catch {
    // Ended since.
    return undefined;
  }
}

async function measured(runtime, folder) {
  const models = storeIn(folder, runtime);
  const resident = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return process.platform === "linux" ? proportional() : process.memoryUsage.rss() / 2 ** 20;
  };
  const rss = [await resident()];
  for (let i = 0; i < MODELS; i++) {
    await models.inference.use(`m${i}`, { policy: "block", capacity: 1 });
    rss.push(await resident());
  }
  await models.close();
  return { first: rss[1] - rss[0], further: (rss[MODELS] - rss[1]) / (MODELS - 1) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , runtime, folder] = process.argv;
  console.log(JSON.stringify(await measured(runtime, folder)));
}
