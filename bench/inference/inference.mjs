// What a prediction costs: from the readings of a row to the prediction, by way of the model's worker, beside the same runtime
// called directly in this process; how long the event loop is held up by either; and the memory of a model's worker.
// Usage: npm run bench:inference [-- --quick]
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { percentile, round } from "../support/process.mjs";
import { memoryOf, RUNTIMES } from "./memory.mjs";
import { cnn, evaluate, mlp, trees } from "./models.mjs";

const require = createRequire(import.meta.url);
const { Models } = require("../../dist/lib/inference/index.js");
const { DeviceInput, inputSpec, predictionsOf } = require("../../dist/lib/inference/readings/index.js");
const { loadPredictor } = require("../../dist/lib/model/predictors/index.js");
const { values: options } = parseArgs({ options: { quick: { type: "boolean", default: false } } });

const RUNS = options.quick ? 2000 : 20_000;
const LAG_MS = options.quick ? 2000 : 10_000;
const CNN_ROWS = 64;
const TREE_INPUTS = 20;

const ort = await import("onnxruntime-node").then(
  (module) => module.default,
  () => undefined,
);
if (!ort) throw new Error("this bench needs onnxruntime-node: run npm install");

const folder = mkdtempSync(join(tmpdir(), "gatewise-bench-"));
const models = new Models({ folder });
const figures = {};

const sensors = (count) => Array.from({ length: count }, (_, i) => `s${i}`);
const window = (count, length, layout) => ({ kind: "window", sensors: sensors(count), length, layout });
const forest = trees(200, 6, TREE_INPUTS);
const cases = [
  {
    key: "mlp",
    title: "MLP 16-64-32-1",
    file: ["mlp.onnx", mlp()],
    preprocess: window(16, 1),
    direct: direct(mlp(), "v0", [1, 16]),
  },
  {
    ...{ key: "cnn", title: `1-D CNN, ${CNN_ROWS} rows of 3, 16 channels`, file: ["cnn.onnx", cnn(CNN_ROWS, 16)] },
    preprocess: window(3, CNN_ROWS, "sensors"),
    direct: direct(cnn(CNN_ROWS, 16), "x", [1, 3, CNN_ROWS]),
  },
  {
    ...{
      key: "trees",
      title: "200 trees of depth 6",
      file: ["trees.json", Buffer.from(JSON.stringify(forest.document))],
    },
    preprocess: window(TREE_INPUTS, 1),
    direct: plainTrees(),
  },
];

/** The runtime in this process, on this thread. */
async function direct(bytes, input, shape) {
  const session = await ort.InferenceSession.create(new Uint8Array(bytes), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const size = shape.reduce((product, each) => product * each, 1);
  return async (i) => {
    const data = Float32Array.from({ length: size }, (_, at) => Math.sin(i + at));
    return (await session.run({ [input]: new ort.Tensor("float32", data, shape) })).y.data[0];
  };
}

async function plainTrees() {
  return (i) =>
    evaluate(
      forest.roots,
      Array.from({ length: TREE_INPUTS }, (_, at) => Math.sin(i + at)),
    );
}

function rowOf(names, i) {
  return names.map((sensor, at) => ({
    ...{
      deviceId: "device",
      sensor,
      value: Math.sin(i + at),
      unit: "1",
      timestamp: 1_700_000_000_000 + i,
      quality: "good",
    },
  }));
}

async function timed(runs, work) {
  for (let i = 0; i < Math.min(500, runs); i += 1) await work(i);
  const times = new Float64Array(runs);
  for (let i = 0; i < runs; i += 1) {
    const began = performance.now();
    await work(i + 500);
    times[i] = performance.now() - began;
  }
  times.sort();
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** As the node predict does it: readings to rows, rows to inputs, worker, answer to readings. */
async function pathOf(name) {
  const use = await models.inference.use(name, { policy: "block", capacity: 10_000 });
  const { manifest } = use.model;
  const device = new DeviceInput(inputSpec(manifest));
  const names = manifest.preprocess.sensors;
  const sampleOf = (i) => {
    let sample;
    for (const reading of rowOf(names, i)) sample = device.push(reading) ?? sample;
    return sample;
  };
  for (let i = 0; i < manifest.preprocess.length; i += 1) sampleOf(i);
  const one = async (i) => {
    const sample = sampleOf(1000 + i);
    return predictionsOf(manifest, await use.run({ inputs: sample.inputs }), sample);
  };
  return { use, manifest, sampleOf, one };
}

for (const { key, title, file, preprocess, direct: making } of cases) {
  await models.import({ about: { name: key, preprocess, task: "raw" }, files: new Map([file]) });
  const { use, manifest, sampleOf, one } = await pathOf(key);
  const directly = await making;
  const path = await timed(RUNS, one);
  const bare = await timed(RUNS, directly);
  const began = performance.now();
  let last = 5_000_000;
  for (let done = 0; done < RUNS; done += 1000) {
    const samples = Array.from({ length: 1000 }, () => sampleOf(last++));
    const answers = await use.runAll(samples.map(({ inputs }) => ({ inputs })));
    for (const [i, answer] of answers.entries()) predictionsOf(manifest, answer.value, samples[i]);
  }
  const perSecond = (Math.ceil(RUNS / 1000) * 1000 * 1000) / (performance.now() - began);
  await use.release();
  console.log(
    `${title}: readings to prediction p50 ${round(path.p50, 3)} ms, p99 ${round(path.p99, 3)} ms; ` +
      `directly ${key === "trees" ? "(plain loop over objects) " : ""}p50 ${round(bare.p50, 3)} ms, p99 ${round(bare.p99, 3)} ms; ` +
      `${round(perSecond, 0)} predictions a second when they come together`,
  );
  figures[`${key}_p50_ms`] = round(path.p50, 4);
  figures[`${key}_p99_ms`] = round(path.p99, 4);
  figures[`${key}_direct_p50_ms`] = round(bare.p50, 4);
  figures[`${key}_direct_p99_ms`] = round(bare.p99, 4);
  figures[`${key}_per_s`] = round(perSecond, 0);
}

/** Our trees in this process, which is what the worker's way is to be weighed against. */
const predictor = loadPredictor(forest.document);
const inProcess = await timed(RUNS, (i) =>
  predictor.predict(
    Float64Array.from({ length: TREE_INPUTS }, (_, at) => Math.sin(i + at)),
    1,
  ),
);
figures.trees_in_process_p50_ms = round(inProcess.p50, 4);
console.log(`200 trees of the pack in this process: p50 ${round(inProcess.p50, 4)} ms`);

/** Longest waits of the event loop while a model of some milliseconds runs without a pause. */
async function lagWhile(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const end = performance.now() + LAG_MS;
  let runs = 0;
  delay.enable();
  while (performance.now() < end) {
    await work(runs);
    runs += 1;
    // Lets timers have their turn, as messages of a flow do.
    await new Promise((resolve) => setImmediate(resolve));
  }
  delay.disable();
  // What it measures includes its own interval.
  return { p99: Math.max(0, delay.percentile(99) / 1e6 - 1), max: Math.max(0, delay.max / 1e6 - 1), runs };
}

const heavy = cnn(512, 256);
await models.import({
  about: { name: "heavy", preprocess: window(3, 512, "sensors"), task: "raw" },
  files: new Map([["heavy.onnx", heavy]]),
});
const { use, sampleOf } = await pathOf("heavy");
for (let i = 0; i < 512; i += 1) sampleOf(i);
const sample = sampleOf(9999);
const threaded = await lagWhile(() => use.run({ inputs: sample.inputs }));
const onLoop = await lagWhile(await direct(heavy, "x", [1, 3, 512]));
await use.release();
console.log(
  `event loop while a CNN of 256 channels runs without a pause (${round(LAG_MS / threaded.runs, 1)} ms each): waits p99 ` +
    `${round(threaded.p99, 2)} ms, at most ${round(threaded.max, 1)} ms; with the runtime on the loop p99 ${round(onLoop.p99, 2)} ms, ` +
    `at most ${round(onLoop.max, 1)} ms`,
);
figures.loop_lag_p99_ms = round(threaded.p99, 3);
figures.loop_lag_max_ms = round(threaded.max, 3);
figures.loop_lag_direct_p99_ms = round(onLoop.p99, 3);

console.log("memory of the worker of a small model: the first of a runtime, and each further one");
for (const runtime of RUNTIMES) {
  const { first, further } = await memoryOf(runtime);
  console.log(`  ${runtime.padEnd(18)} ${first.toFixed(0).padStart(4)} MB ${further.toFixed(0).padStart(4)} MB`);
  figures[`${runtime.replaceAll("-", "_")}_worker_mb`] = round(further, 1);
}

await models.close();
rmSync(folder, { recursive: true, force: true });
console.log(`BENCH ${JSON.stringify({ name: "inference", ...figures })}`);
