import { ModelError, type TensorInfo } from "../../model/contract";
import { loadPredictor } from "../../model/predictors";
import { elementsOf, numbersOf, type Tensor, type Tensors } from "../tensor";
import { type Backend, firstFile, type LoadedModel } from "./backend";

/** The pack's own models: trees and small networks in plain TypeScript. */
export const gatewise: Backend = {
  async load(files, _options, expected) {
    const predictor = loadPredictor(parseJson(firstFile(files)));
    const inputs = expected?.inputs ?? [tensorInfo("input", predictor.inputs)];
    const outputs = expected?.outputs ?? [tensorInfo("output", predictor.outputs)];
    checkWidth("inputs", inputs, predictor.inputs);
    checkWidth("outputs", outputs, predictor.outputs);
    return loadedPredictor(inputs, outputs, (batch, count) => predictor.predict(batch, count));
  },
};

function loadedPredictor(
  inputs: readonly TensorInfo[],
  outputs: readonly TensorInfo[],
  predict: (batch: Float64Array, count: number) => Float64Array,
): LoadedModel {
  return {
    info: { runtime: "gatewise", inputs, outputs },
    run(tensors) {
      const given = inputs.map(({ name }) => tensors.get(name) as Tensor);
      const count = given[0]?.shape[0] ?? 0;
      const [only] = given;
      const batch = given.length === 1 && only ? numbersOf(only.data) : joined(given, count);
      return split(predict(batch, count), outputs, count);
    },
    dispose: () => undefined,
  };
}

/** Values of one sample: -1, the free first dimension, apart. */
function widthOf({ shape }: TensorInfo): number {
  return elementsOf(shape.slice(1));
}

function checkWidth(what: string, infos: readonly TensorInfo[], width: number): void {
  const named = infos.reduce((sum, info) => sum + widthOf(info), 0);
  const areNumbers = infos.every(({ type }) => type === "float64" || type === "float32");
  if (named === width && areNumbers) return;
  throw new ModelError(`${what}: the manifest names ${named} numbers, the model has ${width}`);
}

function joined(tensors: readonly Tensor[], count: number): Float64Array {
  const parts = tensors.map(({ data }) => numbersOf(data));
  const width = parts.reduce((sum, part) => sum + part.length, 0) / Math.max(1, count);
  const batch = new Float64Array(width * count);
  let column = 0;
  for (const part of parts) {
    const each = part.length / count;
    for (let i = 0; i < count; i++) batch.set(part.subarray(i * each, (i + 1) * each), i * width + column);
    column += each;
  }
  return batch;
}

function split(answers: Float64Array, outputs: readonly TensorInfo[], count: number): Tensors {
  const width = outputs.reduce((sum, output) => sum + widthOf(output), 0);
  let column = 0;
  return new Map(
    outputs.map((output) => {
      const each = widthOf(output);
      const data = new Float64Array(each * count);
      for (let i = 0; i < count; i++) {
        data.set(answers.subarray(i * width + column, i * width + column + each), i * each);
      }
      column += each;
      return [output.name, { type: "float64", shape: [count, ...output.shape.slice(1)], data }];
    }),
  );
}

function tensorInfo(name: string, width: number): TensorInfo {
  return { name, shape: [-1, width], type: "float64" };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new ModelError("the model file is no JSON: damaged or truncated");
  }
}
