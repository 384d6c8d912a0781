import type { GoldenCase, ModelFormat, ModelManifest, TensorInfo } from "../model/contract";
import type { ExpectedFile } from "../model/store";
import type { Tensors } from "./tensor";

/** What the worker of a model is asked, and what it answers. */

/** Which runtime runs a format that has several; automatic takes the fastest that loads. */
export type Runtime = "auto" | "onnxruntime-node" | "onnxruntime-web" | "tfjs-node" | "tfjs-wasm" | "tfjs-cpu";

export interface RuntimeOptions {
  readonly runtime: Runtime;
  /** Threads of one model's computation. */
  readonly threads: number;
  /** Where packages are looked for besides the pack itself. */
  readonly userDir?: string;
}

export interface LoadRequest {
  readonly manifest: ModelManifest;
  /** Read and checked in the worker. */
  readonly files: readonly ExpectedFile[];
  readonly options: RuntimeOptions;
}

/** A file that is not in the store yet. */
export interface InspectRequest {
  readonly format: ModelFormat;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the model is to take, where that is known better than the file tells. */
  readonly inputs?: readonly TensorInfo[];
  readonly options: RuntimeOptions;
}

/** What a runtime says of a model that it has loaded. */
export interface LoadedInfo {
  /** Name and version of the runtime, as shown to users. */
  readonly runtime: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

/** What is to be known for a manifest. */
export interface Inspected extends LoadedInfo {
  /** Known answers, recorded now. */
  readonly golden: readonly GoldenCase[];
}

export interface RunRequest {
  readonly inputs: Tensors;
  /** Samples in it. */
  readonly count: number;
}

/** Name of the error of a worker that has no model: it was replaced and must load again. */
export const NOT_LOADED = "ModelNotLoaded";
