import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { slowModel, storedRelu, storedTree, TemporaryModels, treeDocument } from "../../test/support/models";
import { greedyModel, loopModel, onnxModel, reluModel } from "../../test/support/onnx";
import { workerProcesses } from "../../test/support/processes";
import { until } from "../../test/support/red";
import type { NewModel, StoredModel } from "../model/contract";
import type { ModelStore } from "../model/store";
import type { ModelListener, ModelUse, QueuePolicy } from "./contract";
import { Inference, type InferenceOptions } from "./inference";
import type { Tensors } from "./tensor";

let models: TemporaryModels;
let store: ModelStore;
let inference: Inference;
/** Every worker thread that was started, for tests that end them. */
let workers: Worker[];
const remember = (worker: Worker): number => workers.push(worker);

beforeEach(() => {
  models = new TemporaryModels();
  store = models.store();
  workers = [];
  process.on("worker", remember);
});
afterEach(async () => {
  process.off("worker", remember);
  await inference?.close();
  models.remove();
});

function start(options: InferenceOptions = {}): Inference {
  inference = new Inference(store, options);
  return inference;
}

async function use(
  model: NewModel,
  { policy = "block", capacity = 100, listener, ...options }: InferenceOptions & Partial<UseMore> = {},
): Promise<ModelUse> {
  await store.add(model);
  return start(options).use(model.name, { policy, capacity }, listener);
}
interface UseMore {
  policy: QueuePolicy;
  capacity: number;
  listener: ModelListener;
}

const floats = (values: readonly number[], shape: readonly number[] = [values.length / 2, 2], name = "x"): Tensors =>
  new Map([[name, { type: "float32", shape, data: Float32Array.from(values) }]]);
const valuesOf = (outputs: Tensors | undefined, name = "y"): number[] =>
  Array.from(outputs?.get(name)?.data as Float32Array, Number);
/** What `reluModel` is to answer, computed here. */
const relu = ([a = 0, b = 0]: readonly number[], bias = [0.5, -10]): number[] => [
  Math.max(0, a + 2 * b + bias[0]!),
  Math.max(0, -a + 3 * b + bias[1]!),
];
/** Workers that run, threads and processes. */
const running = (): number => workers.filter((worker) => worker.threadId > 0).length + workerProcesses().length;

describe("a model in its worker", () => {
  it("answers one sample, several, and several requests in their order", async () => {
    const relus = await use(storedRelu());
    expect(relus.runtime).toMatch(/^onnxruntime-node \d/);
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    expect(valuesOf(await relus.run({ inputs: floats([1, 2, 5, 6]) }))).toEqual([5.5, 0, 17.5, 3]);
    const inputs = Array.from({ length: 100 }, (_, i) => [i, i / 2]);
    const answers = await relus.runAll(inputs.map((pair) => ({ inputs: floats(pair) })));
    expect(answers.map((answer) => answer.status === "fulfilled" && valuesOf(answer.value))).toEqual(
      inputs.map((pair) => relu(pair)),
    );
    const { p50, p95, p99 } = relus.latency()!;
    expect(p50).toBeGreaterThan(0);
    expect(p95).toBeGreaterThanOrEqual(p50);
    expect(p99).toBeGreaterThanOrEqual(p95);
  });

  it("runs what waits together, and no more than the largest batch", async () => {
    const relus = await use(storedRelu(), { maxBatch: 8, capacity: 1000 });
    await relus.runAll(Array.from({ length: 81 }, () => ({ inputs: floats([1, 2]) })));
    expect(inference.inUse()).toMatchObject([{ samples: 81, batches: 11 }]);
  });

  it("runs samples one by one where the model's batch is one", async () => {
    const one = storedRelu({ inputs: [{ name: "x", shape: [1, 2], type: "float32" }] }, reluModel(undefined, 1));
    const relus = await use({ ...one, outputs: [{ name: "y", shape: [1, 2], type: "float32" }] });
    expect(valuesOf(await relus.run({ inputs: floats([1, 2, 5, 6, 0, 0]) }))).toEqual([5.5, 0, 17.5, 3, 0.5, 0]);
  });

  it("is one for all who use it, and gone with the last", async () => {
    const first = await use(storedRelu());
    const second = await inference.use("relu", { policy: "latest", capacity: 1 });
    expect(running()).toBe(1);
    await first.release();
    expect(valuesOf(await second.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    await expect(first.run({ inputs: floats([1, 2]) })).rejects.toThrow("given back");
    expect(running()).toBe(1);
    await second.release();
    expect(running()).toBe(0);
    expect(inference.inUse()).toEqual([]);
  });

  it.each([
    ["a wrong length", floats([1, 2, 3], [1, 3]), 'input "x": expected shape [-1, 2], got [1, 3]'],
    ["fewer values than the shape says", floats([1, 2], [2, 2]), "shape [2, 2] has 4 values, got 2"],
    ["no sample", floats([], [0, 2]), "got [0, 2]"],
    ["another name", floats([1, 2], [1, 2], "z"), 'the model has no input "z": expected x'],
    ["nothing", new Map(), 'input "x" is missing'],
    [
      "another type",
      new Map([["x", { type: "int32", shape: [1, 2], data: Int32Array.of(1, 2) }]]) as Tensors,
      "expected float32, got int32",
    ],
  ])("is not asked with %s", async (_what, inputs, reason) => {
    const relus = await use(storedRelu());
    await expect(relus.run({ inputs })).rejects.toThrow(reason);
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
  });

  it("is refused when the file in the store is not the signed one", async () => {
    const { manifest } = await store.add(storedRelu());
    const { path } = store.locate({ manifest } as StoredModel)[0]!;
    const { writeFileSync } = await import("node:fs");
    const changed = Buffer.from(reluModel());
    changed[changed.length - 1]! ^= 1;
    writeFileSync(path, changed);
    await expect(start().use("relu", { policy: "block", capacity: 1 })).rejects.toThrow(
      /^model relu 1\.0\.0 \(1\): model\.onnx: SHA-256 differs from the signed one: damaged; import the model again/,
    );
    expect(inference.inUse()).toEqual([]);
    expect(running()).toBe(0);
  });

  it("says what is missing, and can be used as soon as it is there", async () => {
    await expect(start().use("relu", { policy: "block", capacity: 1 })).rejects.toThrow("none of this name");
    await store.add(storedRelu());
    const relus = await inference.use("relu", { policy: "block", capacity: 1 });
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
  });
});

describe("a worker that dies", () => {
  // In a thread.
  const web = { runtime: "onnxruntime-web", capacity: 1000 } as const;
  // In a process.
  const native = { runtime: "onnxruntime-node", capacity: 1000 } as const;
  const crash = (): void => {
    for (const pid of workerProcesses()) process.kill(pid, "SIGSEGV");
  };

  it("by a crash of native code is replaced, and what it had is done again", async () => {
    const relus = await use(storedRelu(), native);
    const answers = relus.runAll(Array.from({ length: 50 }, (_, i) => ({ inputs: floats([i, i]) })));
    crash();
    const values = (await answers).map((answer) => answer.status === "fulfilled" && valuesOf(answer.value));
    expect(values).toEqual(Array.from({ length: 50 }, (_, i) => relu([i, i])));
    expect(relus.restarts).toBe(1);
    crash();
    await until(() => running() === 0, "the crash");
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
  });

  it("is replaced, and what it had is done again", async () => {
    const relus = await use(storedRelu(), web);
    const answers = relus.runAll(Array.from({ length: 50 }, (_, i) => ({ inputs: floats([i, i]) })));
    await workers[0]!.terminate();
    const values = (await answers).map((answer) => answer.status === "fulfilled" && valuesOf(answer.value));
    expect(values).toEqual(Array.from({ length: 50 }, (_, i) => relu([i, i])));
    expect(relus.restarts).toBe(1);
  });

  it("is a process for every model where that is wanted", async () => {
    const relus = await use(storedRelu(), { ...web, isolation: "process" });
    expect(workerProcesses()).toHaveLength(1);
    crash();
    await until(() => running() === 0, "the crash");
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    expect(relus.runtime).toMatch(/^onnxruntime-web/);
  });

  it("while it does nothing is replaced by the next request", async () => {
    const relus = await use(storedRelu(), web);
    await workers[0]!.terminate();
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    expect(workers).toHaveLength(2);
  });

  it("again with the same request is reported for that one, and the others are done", async () => {
    const relus = await use(storedRelu(), web);
    const answers = relus.runAll(Array.from({ length: 3 }, (_, i) => ({ inputs: floats([i, i]) })));
    await workers[0]!.terminate();
    await until(() => workers.length === 2, "the next worker");
    await workers[1]!.terminate();
    const states = await answers;
    expect(states.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect((states[0] as PromiseRejectedResult).reason).toMatchObject({ name: "WorkerDiedError" });
  });

  it("of a heap that is too small ends alone, with the reason", async () => {
    // Texts of base64 lie on the heap that is bounded.
    const large = { ...treeDocument(), ballast: Array.from({ length: 400_000 }, (_, i) => `${i}`.padStart(64, "x")) };
    await store.add(storedTree({}, large));
    await expect(start({ memoryMb: 16 }).use("tree", { policy: "block", capacity: 1 })).rejects.toThrow(
      /the worker ended during load.*memory/,
    );
    expect(running()).toBe(0);
  });

  it.each(["onnxruntime-node", "onnxruntime-web"] as const)(
    "by a run of %s that takes too long is replaced; that run is reported and the next one is done",
    async (runtime) => {
      const size = 512;
      const slow: NewModel = {
        ...storedRelu({ name: "slow" }, slowModel(size)),
        inputs: [{ name: "x", shape: [-1, size], type: "float32" }],
        outputs: [{ name: "y", shape: [-1, size], type: "float32" }],
      };
      const slows = await use(slow, { runtime, timeoutMs: 300 });
      const many = floats(new Array(size * 1000).fill(1), [1000, size]);
      await expect(slows.run({ inputs: many })).rejects.toThrow("took longer than 300 ms");
      const few = await slows.run({ inputs: floats(new Array(size).fill(2), [1, size]) });
      expect(valuesOf(few)[0]).toBeCloseTo(2);
      expect(slows.restarts).toBe(1);
      await slows.release();
      await until(() => running() === 0, "the abandoned run to return", 60_000);
    },
    90_000,
  );
});

describe("requests that come faster than the model runs", () => {
  const pairs = Array.from({ length: 20 }, (_, i) => ({ inputs: floats([i, i]), key: `d${i % 2}` }));

  it("wait by default, and all are answered", async () => {
    const relus = await use(storedRelu(), { capacity: 3, maxBatch: 1 });
    const answers = await Promise.all([relus.runAll(pairs), relus.runAll(pairs)]);
    expect(answers.flat().every(({ status }) => status === "fulfilled")).toBe(true);
    expect(relus.givenUp).toBe(0);
  });

  it("push out the oldest, which is told", async () => {
    const relus = await use(storedRelu(), { policy: "dropOldest", capacity: 5 });
    const answers = await relus.runAll(pairs);
    const rejected = answers.flatMap((answer, i) => (answer.status === "rejected" ? [i] : []));
    expect(rejected).toEqual(Array.from({ length: 15 }, (_, i) => i));
    expect((answers[0] as PromiseRejectedResult).reason).toMatchObject({ name: "QueueFullError" });
    expect(relus.givenUp).toBe(15);
  });

  it("take the place of the one before of the same key", async () => {
    const relus = await use(storedRelu(), { policy: "latest", capacity: 5 });
    const answers = await relus.runAll(pairs);
    const answered = answers.flatMap((one, i) =>
      one.status === "fulfilled" && one.value ? [[i, valuesOf(one.value)]] : [],
    );
    expect(answered).toEqual([
      [18, relu([18, 18])],
      [19, relu([19, 19])],
    ]);
  });

  it("are rejected when the model is given back", async () => {
    const relus = await use(storedRelu(), { maxBatch: 1 });
    const answers = relus.runAll(pairs);
    await relus.release();
    const reasons = (await answers).flatMap((answer) => (answer.status === "rejected" ? [answer.reason.name] : []));
    expect(reasons).toHaveLength(20);
    expect(new Set(reasons)).toEqual(new Set(["InferenceClosedError", "WorkerClosedError"]));
  });
});

describe("a new version", () => {
  const golden = (out: readonly number[]): Partial<NewModel> => ({
    golden: { cases: [{ in: { x: [1, 2] }, out: { y: out } }], eps: 1e-6 },
  });

  it("takes over without a request being lost or answered by the wrong one", async () => {
    const swaps: string[] = [];
    const listener = { onSwap: ({ version }: { version: string }) => swaps.push(version) };
    const relus = await use(storedRelu(), { capacity: 10, maxBatch: 4, listener });
    let stop = false;
    const answers: Promise<[version: string, answer: number]>[] = [];
    const feed = async (): Promise<void> => {
      while (!stop) {
        const { version } = relus.model.manifest;
        answers.push(relus.run({ inputs: floats([1, 2]) }).then((outputs) => [version, valuesOf(outputs)[0]!]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const feeding = feed();
    for (let i = 1; i <= 3; i++) {
      await store.add(storedRelu({ version: `1.${i}.0` }, reluModel([0.5 + i, -10])));
      await until(() => relus.model.manifest.version === `1.${i}.0`, `version ${i}`);
    }
    stop = true;
    await feeding;
    const expected: Record<string, number> = { "1.0.0": 5.5, "1.1.0": 6.5, "1.2.0": 7.5, "1.3.0": 8.5 };
    for (const [version, answer] of await Promise.all(answers)) expect(answer).toBe(expected[version]);
    expect(swaps).toEqual(["1.1.0", "1.2.0", "1.3.0"]);
    await until(() => running() === 1, "the workers of the old versions to end");
  });

  it("that does not give its known answers never goes live", async () => {
    const problems: string[] = [];
    const listener = { onProblem: ({ message }: Error) => problems.push(message) };
    const relus = await use(storedRelu(golden([5.5, 0])), { listener });
    await store.add(storedRelu({ ...golden([5.5, 0]), version: "2.0.0" }, reluModel([0.6, -10])));
    await until(() => problems.length === 1, "the refusal");
    expect(problems[0]).toMatch(
      /version 1\.0\.0 \(1\) stays in use: model relu 2\.0\.0 \(2\): golden case 1, output "y", value 1: expected 5.5, got 5\.59/,
    );
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    // The same, mended.
    await store.add(storedRelu({ ...golden([5.6, 0]), version: "2.0.1" }, reluModel([0.6, -10])));
    await until(() => relus.model.manifest.version === "2.0.1", "the mended one");
    await until(() => running() === 1, "the other workers to end");
  });

  it("that is damaged is reported; the old one goes on, also when it is removed from the store", async () => {
    const problems: string[] = [];
    const relus = await use(storedRelu(), { listener: { onProblem: ({ message }) => problems.push(message) } });
    await store.add(storedRelu({}, reluModel().subarray(0, 60)));
    await until(() => problems.length === 1, "the refusal");
    expect(problems[0]).toContain("ONNX Runtime refuses the file");
    await store.remove("relu");
    await until(() => problems.length === 2, "the removal");
    expect(problems[1]).toContain("there is none of this name");
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
  });

  it("that cannot run does not keep the one before from going on after a restart, which tells both", async () => {
    for (const version of ["1.0.0", "2.0.0"]) await store.add(storedRelu({ ...golden([5.5, 0]), version }));
    const first = await start().use("relu", { policy: "block", capacity: 1 });
    expect(first.model.manifest.version).toBe("2.0.0");
    await inference.close();
    await store.add(storedRelu({ ...golden([1, 1]), version: "3.0.0" }));
    await store.add(storedRelu({ version: "4.0.0", inputs: [{ name: "zz", shape: [-1, 2], type: "float32" }] }));
    const problems: string[] = [];
    const listener = { onProblem: ({ message }: Error) => problems.push(message) };
    const relus = await start().use("relu", { policy: "block", capacity: 1 }, listener);
    expect(relus.model.manifest.version).toBe("2.0.0");
    expect(valuesOf(await relus.run({ inputs: floats([1, 2]) }))).toEqual([5.5, 0]);
    expect(problems).toEqual([
      expect.stringMatching(
        /^model relu: version 2\.0\.0 \(2\) runs in place of 4\.0\.0 \(4\): .*the manifest names the inputs zz, the model has x/,
      ),
    ]);
    await store.add(storedRelu({ ...golden([5.5, 0]), version: "5.0.0" }));
    await until(() => relus.model.manifest.version === "5.0.0", "the mended one");
    const second = await inference.use("relu", { policy: "block", capacity: 1 }, listener);
    expect([second.model.manifest.version, problems.length]).toEqual(["5.0.0", 1]);
  });

  it("that somebody went back from is not taken when the older one cannot run", async () => {
    await store.add(storedRelu({ ...golden([5.5, 0]), version: "1.0.0" }));
    await store.add(storedRelu({ ...golden([1, 1]), version: "2.0.0" }));
    await store.add(storedRelu({ ...golden([5.5, 0]), version: "3.0.0" }));
    await store.activate("relu", 2, { allowRollback: true });
    const relus = await start().use("relu", { policy: "block", capacity: 1 });
    expect(relus.model.manifest.version).toBe("1.0.0");
  });

  it("that does not answer its known cases is not loaded in the first place", async () => {
    await store.add(storedRelu(golden([1, 1])));
    await expect(start().use("relu", { policy: "block", capacity: 1 })).rejects.toThrow("golden case 1");
  });
});

describe("an inspection", () => {
  it("tells inputs, outputs and answers of a file that is not stored yet", async () => {
    const found = await start().inspect("onnx", new Map([["model.onnx", reluModel()]]));
    expect(found).toMatchObject({
      inputs: [{ name: "x", shape: [-1, 2], type: "float32" }],
      outputs: [{ name: "y", shape: [-1, 2], type: "float32" }],
    });
    expect(found.golden).toHaveLength(2);
    for (const { in: given, out } of found.golden) expect(out.y).toEqual(relu(given.x!).map(Math.fround));
    expect(running()).toBe(0);
  });

  it.each(["onnxruntime-node", "onnxruntime-web"] as const)(
    "with %s refuses files that want too much memory or time, and leaves nothing behind",
    async (runtime) => {
      const looks = (loadTimeoutMs: number) => start({ runtime, memoryMb: 128, loadTimeoutMs });
      const look = (bytes: Uint8Array, limitMs = 90_000) =>
        looks(limitMs).inspect("onnx", new Map([["model.onnx", bytes]]));
      await expect(look(greedyModel(400e6))).rejects.toMatchObject({
        name: "ModelError",
        message: expect.stringMatching(/^the model does not run: .*(there is no memory|took more than 128 MB)/),
      });
      await expect(look(loopModel(1e15), 10_000)).rejects.toMatchObject({
        name: "ModelError",
        message: expect.stringContaining("took longer than 10000 ms"),
      });
      expect(running()).toBe(0);
      expect((await look(reluModel())).runtime).toMatch(new RegExp(`^${runtime}`));
    },
    180_000,
  );

  it("refuses files of inputs that cannot be given", async () => {
    const model = onnxModel({
      inputs: [{ name: "x", shape: [2], type: "float32" }],
      outputs: [{ name: "y", shape: [2] }],
      nodes: [{ op: "NoSuchOperator", inputs: ["x"], outputs: ["y"] }],
    });
    await expect(start().inspect("onnx", new Map([["model.onnx", model]]))).rejects.toThrow("ONNX Runtime refuses");
  });
});
