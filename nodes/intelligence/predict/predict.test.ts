import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { NewModel } from "../../../lib/model/contract";
import type { Reading } from "../../../lib/reading";
import { statusOf } from "../../../test/support/hooks";
import { modelsOfEachTest } from "../../../test/support/model-flow";
import { storedRelu, storedTree, treeDocument } from "../../../test/support/models";
import { reluModel } from "../../../test/support/onnx";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { reading } from "../../../test/support/series";
import store from "../../storage/store/store";
import models from "../models/models";
import predict from "./predict";

const temporary = modelsOfEachTest();

interface Running {
  readonly out: NodeMessage[];
  readonly caught: NodeMessage[];
}

async function run(config: Record<string, unknown> = {}, modelsConfig: Record<string, unknown> = {}): Promise<Running> {
  await startFlow(
    [models, predict, store],
    [
      { id: "models", type: "gatewise-models", z: "", version: 1, folder: temporary.folder, ...modelsConfig },
      { id: "store", type: "gatewise-store", z: "", file: join(temporary.folder, "test.db") },
      { id: "n", type: "gatewise-predict", version: 1, models: "models", model: "tree", wires: [["out"]], ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

async function runWith(model: NewModel, config: Record<string, unknown> = {}): Promise<Running> {
  await temporary.store().add(model);
  return run({ model: model.name, ...config });
}

const readingsOf = (messages: readonly NodeMessage[]) => messages.flatMap(({ payload }) => payload as Reading[]);
/** Temperature and pressure of one time. */
const row = (temperature: number, timestamp: number, deviceId = "d1"): Reading[] => [
  reading(temperature, timestamp, { deviceId }),
  reading(1, timestamp, { deviceId, sensor: "pressure", unit: "bar" }),
];
const errorOf = (msg: NodeMessage | undefined): string =>
  String((msg?.error as { message: string } | undefined)?.message);

describe("readings", () => {
  it("of a device become rows, and rows become predictions", async () => {
    const { out, caught } = await runWith(storedTree());
    nodeOf("n").receive({
      payload: [...row(5, 1000), ...row(15, 2000), reading(7, 2000, { sensor: "other" })],
      topic: "t",
    });
    await until(() => out.length === 1, "the predictions");
    expect(out[0]).toMatchObject({ topic: "t" });
    expect(out[0]!.payload).toEqual([
      {
        ...{ deviceId: "d1", sensor: "power", unit: "W", timestamp: 1000, quality: "good", value: 1 },
        metadata: { modelVersion: "1.0.0" },
        prediction: { model: "tree", value: 1, unit: "W" },
      },
      expect.objectContaining({ timestamp: 2000, value: 2 }),
    ]);
    expect(caught).toEqual([]);
    expect(metricsOfNodes.of("n")).toMatchObject({
      in: 5,
      out: 2,
      counts: { "readings of other sensors": 1 },
      gauges: { "p50 ms": expect.any(Number), "p99 ms": expect.any(Number), waiting: 0 },
    });
    await until(() => /^tree 1\.0\.0: p50 .* p95 .* p99 .* ms$/.test(statusOf("n")), "the status");
  });

  it("of devices are kept apart, in the order in which they came", async () => {
    const preprocess = { kind: "window", sensors: ["temperature"], length: 2 } as const;
    const { out } = await runWith(storedTree({ preprocess }));
    for (let i = 0; i < 50; i++) {
      nodeOf("n").receive({ payload: [reading(i, i, { deviceId: "a" }), reading(100, i, { deviceId: "b" })] });
    }
    await until(() => readingsOf(out).length === 98, "the predictions");
    const of = (id: string) => readingsOf(out).filter(({ deviceId }) => deviceId === id);
    expect(of("a").map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 49 }, (_, i) => i + 1));
    // The tree asks for the older of the two.
    expect(of("a").map(({ value }) => value)).toEqual(Array.from({ length: 49 }, (_, i) => (i <= 10 ? 1 : 2)));
    expect(of("b").every(({ value }) => value === 2)).toBe(true);
  });

  it("that cannot be used are told, the others go on", async () => {
    const { out, caught } = await runWith(storedTree());
    const bad = reading(null, 500, { quality: "bad" });
    nodeOf("n").receive({ payload: [bad, reading("warm", 600), ...row(5, 1000), ...row(6, 900)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(errorOf(caught[0])).toMatch(
      /^RefusedError: 3 of 6 refused: d1\/temperature: expected a number or boolean.*; and 2 more/,
    );
    expect(readingsOf(out)).toHaveLength(1);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "bad readings": 1 });
  });

  it("that are too large for the model's numbers are told, the rows beside them go on", async () => {
    const preprocess = { kind: "window", sensors: ["temperature", "pressure"], length: 1 } as const;
    const { out, caught } = await runWith(storedRelu({ preprocess }), { model: "relu" });
    nodeOf("n").receive({ payload: [...row(1e39, 1), ...row(5, 1, "d2")] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(errorOf(caught[0])).toContain("d1: x[0]: 1e+39 is larger than a float32 can hold");
    expect(readingsOf(out).map(({ deviceId }) => deviceId)).toEqual(["d2", "d2"]);
  });

  it("go on after a restart where they stopped, with a store", async () => {
    const preprocess = { kind: "window", sensors: ["temperature"], length: 2 } as const;
    await runWith(storedTree({ preprocess }), { store: "store" });
    nodeOf("n").receive({ payload: [reading(5, 1)] });
    await until(() => metricsOfNodes.of("n")?.in === 1, "the first reading");
    await stopFlow();
    const { out } = await run({ store: "store" });
    nodeOf("n").receive({ payload: [reading(6, 2)] });
    await until(() => out.length === 1, "the prediction");
    nodeOf("n").receive({ command: "reset", payload: "d1" });
    nodeOf("n").receive({ payload: [reading(6, 3)] });
    nodeOf("n").receive({ payload: [reading(6, 4)] });
    await until(() => readingsOf(out).length === 2, "the prediction after a reset");
    expect(readingsOf(out)[1]).toMatchObject({ timestamp: 4 });
  });

  it("are marked uncertain and historical as they were", async () => {
    const { out } = await runWith(storedTree());
    const odd = row(5, 1).map((each) => ({ ...each, quality: "uncertain" as const, historical: true as const }));
    nodeOf("n").receive({ payload: [...odd, ...row(5, 2)] });
    await until(() => out.length === 1, "the predictions");
    expect(readingsOf(out)).toMatchObject([{ quality: "uncertain", historical: true }, { quality: "good" }]);
    expect(readingsOf(out)[1]).not.toHaveProperty("historical");
  });

  it("of classifiers become the class, with probabilities", async () => {
    const classifier = storedRelu({
      ...{ name: "state", task: "classification", labels: ["fine", "worn"] },
      outputs: [{ name: "y", shape: [-1, 2], type: "float32", sensor: "state" }],
      preprocess: { kind: "window", sensors: ["temperature", "pressure"], length: 1 },
    });
    const { out } = await runWith(classifier);
    nodeOf("n").receive({ payload: row(1, 1) });
    await until(() => out.length === 1, "the class");
    // relu gives [1 + 2 + 0.5, 0]; softmax of [3.5, 0].
    const share = 1 / (1 + Math.exp(-3.5));
    expect(readingsOf(out)).toMatchObject([
      {
        ...{ sensor: "state", value: "fine", unit: "1" },
        prediction: {
          model: "state",
          value: "fine",
          probabilities: { fine: expect.closeTo(share, 6), worn: expect.closeTo(1 - share, 6) },
        },
      },
    ]);
  });

  it("lay the sensors one after the other where the model wants them so", async () => {
    const model = storedRelu({
      inputs: [{ name: "x", shape: [-1, 2], type: "float32" }],
      preprocess: { kind: "window", sensors: ["temperature"], length: 2, layout: "sensors" },
    });
    const { out } = await runWith(model);
    nodeOf("n").receive({ payload: [reading(5, 1), reading(6, 2)] });
    await until(() => out.length === 1, "the predictions");
    expect(readingsOf(out)).toMatchObject([
      { sensor: "y.0", value: 17.5 },
      { sensor: "y.1", value: 3 },
    ]);
  });

  it("are refused by models that take tensors only", async () => {
    const { caught } = await runWith(storedRelu());
    nodeOf("n").receive({ payload: row(1, 1) });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toBe(
      "Error: model relu takes tensors only (x [-1, 2]): nothing tells how readings become its input",
    );
  });
});

describe("tensors", () => {
  it.each([
    [
      "nested lists",
      [
        [1, 2],
        [5, 6],
      ],
      [2, 2],
    ],
    ["one sample", [1, 2], [1, 2]],
    ["a typed array", Float64Array.of(1, 2, 5, 6), [2, 2]],
    ["a shape", { data: [1, 2, 5, 6], shape: [2, 2] }, [2, 2]],
    ["names", { x: [[1, 2]] }, [1, 2]],
  ])("come as %s", async (_what, payload, shape) => {
    const { out } = await runWith(storedRelu());
    nodeOf("n").receive({ payload, topic: "t" });
    await until(() => out.length === 1, "the answer");
    expect(out[0]).toMatchObject({ topic: "t", model: { name: "relu", version: "1.0.0" } });
    const { y } = out[0]!.payload as { y: { shape: number[]; data: Float32Array } };
    expect(y.shape).toEqual(shape);
    expect(Array.from(y.data)).toEqual([5.5, 0, 17.5, 3].slice(0, 2 * shape[0]!));
  });

  it.each([
    [[1, 2, 3], 'input "x": expected shape [-1, 2], got [3]'],
    [[[1, 2], [3]], 'input "x": the lists are not equally long'],
    [[["a", "b"]], 'input "x", value 1: expected a number'],
    [{ x: [[1, 2]], z: [1] }, 'the model has no input "z": it has x'],
    [{ x: {} }, 'input "x": expected a typed array, lists of numbers, or {data, shape}'],
    [[[]], 'input "x": an empty list'],
    [{ data: [1, 2], shape: [-1, 2] }, "shape: expected whole numbers above 0"],
  ])("are refused with the reason: %j", async (payload, reason) => {
    const { caught } = await runWith(storedRelu());
    nodeOf("n").receive({ payload });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toContain(reason);
  });
});

describe("the model", () => {
  it("need not be there yet: it is used as soon as it is", async () => {
    const { out, caught } = await run();
    await until(() => statusOf("n").includes("there is none of this name"), "the status");
    nodeOf("n").receive({ payload: row(5, 1) });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toContain("there is none of this name");
    await temporary.store().add(storedTree());
    await until(() => statusOf("n") === "tree 1.0.0: ready", "the model", 15_000);
    nodeOf("n").receive({ payload: row(5, 2) });
    await until(() => out.length === 1, "the prediction");
  });

  it("is changed for a new version while readings come; none is lost", async () => {
    const { out, caught } = await runWith(storedTree());
    let sent = 0;
    const feeding = setInterval(() => nodeOf("n").receive({ payload: row(5, ++sent) }), 2);
    await until(() => out.length > 10, "the first version's answers");
    await temporary.store().add(storedTree({ version: "2.0.0" }, treeDocument(10, 20)));
    await until(() => readingsOf(out.slice(-1))[0]?.value === 10, "the second version's answers", 15_000);
    clearInterval(feeding);
    await until(() => readingsOf(out).length === sent, "all answers");
    expect(readingsOf(out).map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: sent }, (_, i) => i + 1));
    for (const { value, metadata } of readingsOf(out)) expect(value).toBe(metadata?.modelVersion === "2.0.0" ? 10 : 1);
    expect(caught).toEqual([]);
  });

  it("is refused when its file was changed on the disk", async () => {
    const { manifest } = await temporary.store().add(storedTree());
    rmSync(join(temporary.folder, "files", manifest.files[0]!.sha256));
    await run();
    await until(() => statusOf("n").includes("model.json: missing from the model store"), "the status");
  });

  it("can be imported by a message, where that is allowed", async () => {
    const description = {
      ...{ name: "tree", version: "3", files: { "model.json": treeDocument() } },
      preprocess: { kind: "window", sensors: ["temperature", "pressure"], length: 1 },
      outputs: [{ sensor: "power", unit: "W" }],
    };
    const { caught } = await run();
    nodeOf("n").receive({ command: "import", payload: description });
    await until(() => caught.length === 1, "the refusal");
    expect(errorOf(caught[0])).toContain("flows may not import models");
    await stopFlow();
    const { out } = await run({}, { flowsImport: true });
    nodeOf("n").receive({ command: "import", payload: description });
    await until(() => out.length === 1, "the import");
    expect(out[0]).toMatchObject({ answers: "import", payload: { name: "tree", version: "3", seq: 1 } });
    await until(() => statusOf("n") === "tree 3: ready", "the model");
    nodeOf("n").receive({ payload: row(15, 1) });
    await until(() => out.length === 2, "the prediction");
    expect(readingsOf(out.slice(1))).toMatchObject([{ sensor: "power", value: 2, unit: "W" }]);
    nodeOf("n").receive({ command: "info" });
    await until(() => out.length === 3, "the answer");
    expect(out[2]!.payload).toMatchObject({ name: "tree", runtime: "gatewise", sensors: ["temperature", "pressure"] });
  });

  it("imports ONNX files by a message, with what the runtime tells of them", async () => {
    const { out } = await run({ model: "relu" }, { flowsImport: true });
    nodeOf("n").receive({ command: "import", payload: { name: "relu", files: { "relu.onnx": reluModel() } } });
    await until(() => statusOf("n") === "relu 1: ready", "the model");
    nodeOf("n").receive({ payload: [1, 2] });
    await until(() => out.length === 2, "the answer");
    expect(out[1]!.payload).toMatchObject({ y: { shape: [1, 2] } });
  });
});
