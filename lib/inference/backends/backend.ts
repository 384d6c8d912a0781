import type { ModelManifest } from "../../model/contract";
import type { LoadedInfo, RuntimeOptions } from "../protocol";
import type { Tensors } from "../tensor";

/** A model in a runtime. Lives in a worker. */
export interface LoadedModel {
  readonly info: LoadedInfo;
  /**
   * @param inputs of one run: where the first dimension of the model is fixed, exactly that many samples
   * @throws Error of the runtime
   */
  run(inputs: Tensors): Promise<Tensors> | Tensors;
  dispose(): Promise<void> | void;
}

/** What is known of the model before it is loaded: nothing, when a file is being imported. */
export type Expected = Pick<ModelManifest, "inputs" | "outputs">;

/** One way to run models of a format. */
export interface Backend {
  /**
   * @param files by name, checked; the first is the one that is opened
   * @throws OptionalModuleError when its package is missing, ModelError when the file cannot be used
   */
  load(
    files: ReadonlyMap<string, Uint8Array>,
    options: RuntimeOptions,
    expected: Expected | undefined,
  ): Promise<LoadedModel>;
}

/** The file that is opened. */
export function firstFile(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const [first] = files.values();
  if (!first) throw new Error("a model has at least one file");
  return first;
}
