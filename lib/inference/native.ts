import type { ModelFormat } from "../model/contract";
import { packageFolder } from "./backends/package-folder";
import type { RuntimeOptions } from "./protocol";

/** Packages with native code that `auto` would take, by format. */
const NATIVE: Partial<Record<ModelFormat, string>> = {
  onnx: "onnxruntime-node",
  "tfjs-layers": "@tensorflow/tfjs-node",
  "tfjs-graph": "@tensorflow/tfjs-node",
};

/**
 * Whether a model may come to run in native code. A thread that is ended there takes the whole process down (Napi::Error
 * without anyone to catch it), so it has to end by itself.
 */
export function mayRunNatively(format: ModelFormat, { runtime, userDir }: RuntimeOptions): boolean {
  const name = NATIVE[format];
  if (name === undefined) return false;
  if (runtime !== "auto") return name.endsWith(runtime);
  try {
    packageFolder(name, userDir);
    return true;
  } catch {
    return false;
  }
}
