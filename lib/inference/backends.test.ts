import * as converter from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedTree, TemporaryModels, treeDocument } from "../../test/support/models";
import { convModel, int8Model, onnxModel, qlinearModel, reluModel, TYPES } from "../../test/support/onnx";
import { tfliteModel } from "../../test/support/tflite";
import type { ModelFormat, NewModel } from "../model/contract";
import { Inference } from "./inference";
import type { Runtime } from "./protocol";
import type { Tensor, TensorData, Tensors } from "./tensor";

let models: TemporaryModels;
let inference: Inference;
beforeEach(() => {
  models = new TemporaryModels();
});
afterEach(async () => {
  await inference?.close();
  models.remove();
});

type Files = ReadonlyMap<string, Uint8Array>;
const file = (name: string, data: Uint8Array | string): Files => new Map([[name, Buffer.from(data)]]);

/** Imports the files as they are and runs them once. */
async function run(format: ModelFormat, files: Files, inputs: Record<string, Tensor>, runtime: Runtime = "auto") {
  const store = models.store();
  inference = new Inference(store, { runtime });
  const { inputs: taken, outputs, golden, runtime: used } = await inference.inspect(format, files);
  const model: NewModel = {
    ...{ name: "m", version: "1", format, task: "raw", inputs: taken, outputs },
    golden: { cases: golden, eps: 1e-4 },
    files: [...files].map(([name, data]) => ({ name, data })),
  };
  await store.add(model);
  const use = await inference.use("m", { policy: "block", capacity: 10 });
  const answers = (await use.run({ inputs: new Map(Object.entries(inputs)) })) as Tensors;
  return { answers, used, taken, outputs, golden };
}

function tensor(type: Tensor["type"], shape: readonly number[], data: TensorData): Tensor {
  return { type, shape, data };
}
const float = (shape: readonly number[], ...values: number[]) => tensor("float32", shape, Float32Array.from(values));
const dataOf = (answers: Tensors, name: string): number[] =>
  Array.from(answers.get(name)!.data as Float32Array, Number);

describe.each(["onnxruntime-node", "onnxruntime-web"] as const)("ONNX by %s", (runtime) => {
  const onnx = (model: Uint8Array, inputs: Record<string, Tensor>) =>
    run("onnx", file("model.onnx", model), inputs, runtime);

  it("runs layers", async () => {
    const { answers, used } = await onnx(reluModel(), { x: float([2, 2], 1, 2, 5, 6) });
    expect(answers.get("y")).toEqual(float([2, 2], 5.5, 0, 17.5, 3));
    expect(used).toMatch(new RegExp(`^${runtime} \\d+\\.`));
  });

  it("runs convolutions", async () => {
    const { answers, taken } = await onnx(convModel(5), { x: float([1, 1, 5], 1, 4, 9, 16, 25) });
    expect(dataOf(answers, "y")).toEqual([1 - 9, 4 - 16, 9 - 25]);
    expect(taken).toEqual([{ name: "x", shape: [-1, 1, 5], type: "float32" }]);
  });

  it("runs weights of 8 bits, quantised at run time", async () => {
    const { answers } = await onnx(int8Model(), { x: float([2, 2], 0, 2.55, 1, 1) });
    // x is quantised in steps of 0.01 from 0 to 2.55.
    const steps = (value: number) => Math.round(value / 0.01) * 0.01;
    const expected = [steps(0) + (127 / 64) * steps(2.55), 0, 1 + 127 / 64, -1];
    for (const [i, value] of dataOf(answers, "y").entries()) expect(value).toBeCloseTo(expected[i]!, 4);
  });

  it("runs models of 8 bits from input to output", async () => {
    const { answers } = await onnx(qlinearModel(), { x: tensor("int8", [1, 2], Int8Array.of(10, -3)) });
    // (10 * 2 - 3 * 4) * 0.5 * 0.5 / 0.5
    expect(answers.get("y")).toEqual(tensor("int8", [1, 1], Int8Array.of(4)));
  });

  it("hands over whole numbers of 64 bits, several inputs and outputs", async () => {
    const model = onnxModel({
      inputs: [
        { name: "a", shape: ["N"], type: "int64" },
        { name: "b", shape: ["N"], type: "int64" },
      ],
      outputs: [
        { name: "sum", shape: ["N"], type: "int64" },
        { name: "real", shape: ["N"], type: "float64" },
      ],
      nodes: [
        { op: "Add", inputs: ["a", "b"], outputs: ["sum"] },
        { op: "Cast", inputs: ["a"], outputs: ["real"], attributes: { to: TYPES.float64 } },
      ],
    });
    const { answers } = await onnx(model, {
      a: tensor("int64", [2], BigInt64Array.of(1n, 2n)),
      b: tensor("int64", [2], BigInt64Array.of(10n, -20n)),
    });
    expect(answers.get("sum")!.data).toEqual(BigInt64Array.of(11n, -18n));
    expect(answers.get("real")).toEqual(tensor("float64", [2], Float64Array.of(1, 2)));
  });

  it("refuses what is no model, or half of one", async () => {
    const whole = reluModel();
    inference = new Inference(models.store(), { runtime });
    for (const bytes of [Buffer.alloc(0), Buffer.from("hello"), whole.subarray(0, 40), whole.subarray(0, -3)]) {
      await expect(inference.inspect("onnx", file("model.onnx", bytes))).rejects.toMatchObject({
        name: "ModelError",
        message: expect.stringContaining("ONNX Runtime refuses the file"),
      });
    }
  });
});

/** What TensorFlow.js saves, as the files that its converter writes. */
async function savedFiles(model: { save(handler: tf.io.IOHandler): Promise<tf.io.SaveResult> }): Promise<Files> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save({
    save: async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    },
  });
  const { weightData, weightSpecs, ...rest } = saved!;
  const json = { ...rest, weightsManifest: [{ paths: ["./weights.bin"], weights: weightSpecs }] };
  return new Map([
    ["model.json", Buffer.from(JSON.stringify(json))],
    ["weights.bin", Buffer.from(weightData as ArrayBuffer)],
  ]);
}

/** The same function as reluModel. */
async function reluLayers(): Promise<Files> {
  // Otherwise it recommends another package on the console.
  tf.env().set("IS_TEST", true);
  await tf.setBackend("cpu");
  const model = layers.sequential({ layers: [layers.layers.dense({ units: 2, activation: "relu", inputShape: [2] })] });
  model.setWeights([tf.tensor2d([1, -1, 2, 3], [2, 2]), tf.tensor1d([0.5, -10])]);
  return savedFiles(model);
}

/** y = relu(x + 1), as a frozen graph. */
function reluGraph(): Files {
  const float32 = { dtype: { type: "DT_FLOAT" } };
  const json = {
    format: "graph-model",
    modelTopology: {
      node: [
        {
          name: "x",
          op: "Placeholder",
          attr: { ...float32, shape: { shape: { dim: [{ size: "-1" }, { size: "2" }] } } },
        },
        {
          name: "one",
          op: "Const",
          attr: { dtype: { type: "DT_FLOAT" }, value: { tensor: { dtype: "DT_FLOAT", tensorShape: {} } } },
        },
        { name: "sum", op: "AddV2", input: ["x", "one"], attr: { T: { type: "DT_FLOAT" } } },
        { name: "y", op: "Relu", input: ["sum"], attr: { T: { type: "DT_FLOAT" } } },
      ],
      versions: { producer: 1 },
    },
    signature: {
      inputs: { x: { name: "x:0", dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }, { size: "2" }] } } },
      outputs: { y: { name: "y:0", dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "-1" }, { size: "2" }] } } },
    },
    weightsManifest: [{ paths: ["group1-shard1of1.bin"], weights: [{ name: "one", shape: [], dtype: "float32" }] }],
  };
  return new Map([
    ["model.json", Buffer.from(JSON.stringify(json))],
    ["group1-shard1of1.bin", Buffer.from(Float32Array.of(1).buffer)],
  ]);
}

describe.each(["tfjs-wasm", "tfjs-cpu"] as const)("TensorFlow.js by %s", (runtime) => {
  it("runs models of layers", async () => {
    const files = await reluLayers();
    const { answers, used, taken, outputs } = await run("tfjs-layers", files, inputOf(await inputName(files)), runtime);
    expect(dataOf(answers, outputs[0]!.name)).toEqual([5.5, 0, 17.5, 3]);
    expect(used).toMatch(new RegExp(`^${runtime} 4\\.`));
    expect(taken[0]).toMatchObject({ shape: [-1, 2], type: "float32" });
  });

  it("runs graphs", async () => {
    const { answers } = await run("tfjs-graph", reluGraph(), { x: float([1, 2], 1, -5) }, runtime);
    expect([...answers.values()].map(({ data }) => Array.from(data as Float32Array))).toEqual([[2, 0]]);
  });

  it("refuses what is no model, half of one, or lacks its weights", async () => {
    inference = new Inference(models.store(), { runtime });
    const files = await reluLayers();
    const json = files.get("model.json")!;
    const refused = async (broken: Files, reason: string | RegExp) =>
      expect(inference.inspect("tfjs-layers", broken)).rejects.toThrow(reason);
    await refused(file("model.json", json.subarray(0, 100)), "no JSON: damaged or truncated");
    await refused(file("model.json", json), 'the file "./weights.bin" did not come along');
    await refused(file("model.json", "{}"), "this is no TensorFlow.js model");
    await refused(
      new Map([...files, ["weights.bin", files.get("weights.bin")!.subarray(0, 9)]]),
      /cannot use the model/,
    );
  });
});

const inputOf = (name: string) => ({ [name]: float([2, 2], 1, 2, 5, 6) });
async function inputName(files: Files): Promise<string> {
  inference = new Inference(models.store());
  return (await inference.inspect("tfjs-layers", files)).inputs[0]!.name;
}

describe("TensorFlow Lite by LiteRT", () => {
  it("runs layers, samples one by one where the model takes one", async () => {
    const { answers, used } = await run("tflite", file("model.tflite", tfliteModel()), {
      x: float([2, 2], 1, 2, 5, 6),
    });
    expect(answers.get("y")).toEqual(float([2, 2], 5.5, 0, 17.5, 3));
    expect(used).toMatch(/^@litertjs\/core \d/);
  });

  it("refuses what is no model, naming the way out", async () => {
    inference = new Inference(models.store());
    for (const bytes of [Buffer.from("hello"), tfliteModel().subarray(0, 100)]) {
      await expect(inference.inspect("tflite", file("model.tflite", bytes))).rejects.toThrow(
        /LiteRT refuses the file: .*; or convert the model to ONNX/,
      );
    }
  });
});

describe("the pack's own models", () => {
  it("run, with inputs and outputs that have names of their own", async () => {
    const store = models.store();
    inference = new Inference(store);
    await store.add(
      storedTree({
        preprocess: undefined,
        inputs: [
          { name: "a", shape: [-1, 1], type: "float64" },
          { name: "b", shape: [-1], type: "float32" },
        ],
      }),
    );
    const use = await inference.use("tree", { policy: "block", capacity: 1 });
    const a = tensor("float64", [3, 1], Float64Array.of(9, 10, 11));
    const answers = await use.run({
      inputs: new Map([
        ["a", a],
        ["b", float([3], 0, 0, 0)],
      ]),
    });
    expect(answers!.get("output")).toEqual(tensor("float64", [3, 1], Float64Array.of(1, 1, 2)));
  });

  it("are refused when damaged, truncated, or not what the manifest says", async () => {
    const whole = JSON.stringify(treeDocument());
    inference = new Inference(models.store());
    await expect(inference.inspect("gatewise", file("model.json", whole.slice(0, 50)))).rejects.toThrow("no JSON");
    const looping = { ...treeDocument(), left: Buffer.from(Int32Array.of(0, 0, 0).buffer).toString("base64") };
    await expect(inference.inspect("gatewise", file("model.json", JSON.stringify(looping)))).rejects.toMatchObject({
      name: "ModelError",
    });
    await models.store().add(storedTree({ outputs: [{ name: "output", shape: [-1, 2], type: "float64" }] }));
    await expect(inference.use("tree", { policy: "block", capacity: 1 })).rejects.toThrow(
      "outputs: the manifest names 2 numbers, the model has 1",
    );
  });
});

it("uses the converter that the graphs are made for", () => expect(converter.version_converter).toMatch(/^4\./));
