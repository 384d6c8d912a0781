import type { ModelFormat } from "../model/contract";
import type { Isolation } from "../workers";
import { packageFolder } from "./backends/package-folder";
import type { RuntimeOptions } from "./protocol";

/** Packages with native code that `auto` would take, by format. */
const NATIVE: Partial<Record<ModelFormat, string>> = {
  onnx: "onnxruntime-node",
  "tfjs-layers": "@tensorflow/tfjs-node",
  "tfjs-graph": "@tensorflow/tfjs-node",
};

/** Where models run. */
export type ModelIsolation =
  /** Native runtimes in a process for each model, all else in threads. */
  | "auto"
  /** Every model in a process of its own. */
  | "process";

/**
 * Where a model is to run. Native code that is interrupted in a thread takes all of Node-RED down, as its own mistakes do, and
 * what memory it takes nobody can tell: it gets a process. WebAssembly and JavaScript are safe in threads, which cost less.
 */
export function isolationOf(format: ModelFormat, wanted: ModelIsolation, options: RuntimeOptions): Isolation {
  return wanted === "process" || mayRunNatively(format, options) ? "process" : "thread";
}

function mayRunNatively(format: ModelFormat, { runtime, userDir }: RuntimeOptions): boolean {
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

const MEGABYTE = 2 ** 20;
/** While a model is loaded, its files are there as they came, as they are read, and as the runtime has them. */
const COPIES = 3;

/** What a model's worker may take, MB: in a process its files count as well, which are beside a thread's heap. */
export function memoryFor(isolation: Isolation, memoryMb: number, fileBytes: Iterable<number>): number {
  if (isolation === "thread") return memoryMb;
  let bytes = 0;
  for (const size of fileBytes) bytes += size;
  return memoryMb + Math.ceil((COPIES * bytes) / MEGABYTE);
}
