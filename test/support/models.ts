import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewModel } from "../../lib/model/contract";
import { ModelStore, type ModelStoreOptions } from "../../lib/model/store";
import { onnxModel, reluModel } from "./onnx";

/** A model store in a folder of its own, gone after `remove`. */
export class TemporaryModels {
  readonly folder = mkdtempSync(join(tmpdir(), "gatewise-models-"));

  store(options: Partial<ModelStoreOptions> = {}): ModelStore {
    return new ModelStore({ folder: this.folder, ...options });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The ONNX model of `reluModel` as it is stored. */
export function storedRelu(over: Partial<NewModel> = {}, bytes: Uint8Array = reluModel()): NewModel {
  return {
    name: "relu",
    version: "1.0.0",
    format: "onnx",
    task: "raw",
    inputs: [{ name: "x", shape: [-1, 2], type: "float32" }],
    outputs: [{ name: "y", shape: [-1, 2], type: "float32" }],
    files: [{ name: "model.onnx", data: bytes }],
    ...over,
  };
}

/** A pack's own model: one tree that answers `low` where the first of two inputs is at most 10, and `high` otherwise. */
export function treeDocument(low = 1, high = 2): Record<string, unknown> {
  const base64 = (data: Int32Array | Int16Array | Float64Array | Uint8Array) =>
    Buffer.from(data.buffer).toString("base64");
  return {
    kind: "trees",
    inputs: 2,
    outputs: 1,
    link: "identity",
    base: [0],
    roots: base64(Int32Array.of(0)),
    feature: base64(Int16Array.of(0, -1, -1)),
    threshold: base64(Float64Array.of(10, low, high)),
    left: base64(Int32Array.of(1, 0, 0)),
    missingRight: base64(Uint8Array.of(0, 0, 0)),
  };
}

export function storedTree(over: Partial<NewModel> = {}, document = treeDocument()): NewModel {
  return {
    name: "tree",
    version: "1.0.0",
    format: "gatewise",
    task: "regression",
    inputs: [{ name: "input", shape: [-1, 2], type: "float64" }],
    outputs: [{ name: "output", shape: [-1, 1], type: "float64", sensor: "power", unit: "W" }],
    preprocess: { kind: "window", sensors: ["temperature", "pressure"], length: 1 },
    files: [{ name: "model.json", data: Buffer.from(JSON.stringify(document)) }],
    ...over,
  };
}

/**
 * An ONNX model that takes about a second a sample on any machine: many products of large matrices.
 * y = x.
 */
export function slowModel(size = 512, products = 200): Buffer {
  const identity = new Float32Array(size * size);
  for (let i = 0; i < size; i++) identity[i * size + i] = 1;
  return onnxModel({
    inputs: [{ name: "x", shape: ["N", size] }],
    outputs: [{ name: "y", shape: ["N", size] }],
    nodes: [
      { op: "Identity", inputs: ["x"], outputs: ["v0"] },
      ...Array.from({ length: products }, (_, i) => ({ op: "MatMul", inputs: [`v${i}`, "I"], outputs: [`v${i + 1}`] })),
      { op: "Identity", inputs: [`v${products}`], outputs: ["y"] },
    ],
    weights: [{ name: "I", shape: [size, size], data: identity }],
  });
}
