import { ModelError, type ModelFormat } from "../model/contract";
import { isObject } from "../reading/check";

/** Kinds of the pack's own models, as lib/model/predictors reads them. */
const OWN_KINDS: readonly unknown[] = ["trees", "network", "blend", "together"];

/** The file that is opened, and what it is. */
export interface Recognised {
  readonly format: ModelFormat;
  readonly main: string;
}

/**
 * Recognises a model by its files' content, and by names only where the content has no mark.
 * @throws ModelError when none is a model that can be run
 */
export function recognise(files: ReadonlyMap<string, Uint8Array>): Recognised {
  for (const [main, data] of files) {
    const format = formatOf(main, data);
    if (format) return { format, main };
  }
  const names = [...files.keys()].join(", ");
  throw new ModelError(
    `${names}: expected an ONNX, TensorFlow.js (model.json and its weights), TensorFlow Lite or Gatewise model`,
  );
}

function formatOf(name: string, data: Uint8Array): ModelFormat | undefined {
  // A flatbuffer's file identifier stands after its root offset.
  if (ascii(data, 4, 8) === "TFL3" || name.endsWith(".tflite")) return "tflite";
  if (name.endsWith(".onnx")) return "onnx";
  return name.endsWith(".json") || ascii(data, 0, 1) === "{" ? jsonFormat(data) : undefined;
}

function jsonFormat(data: Uint8Array): ModelFormat | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    throw new ModelError("the model file is no JSON: damaged or truncated");
  }
  if (!isObject(parsed)) return undefined;
  if (OWN_KINDS.includes(parsed.kind)) return "gatewise";
  const { modelTopology, format } = parsed;
  if (!isObject(modelTopology)) return undefined;
  const isGraph = format === "graph-model" || Array.isArray(modelTopology.node);
  return isGraph ? "tfjs-graph" : "tfjs-layers";
}

function ascii(data: Uint8Array, start: number, end: number): string {
  return Buffer.from(data.subarray(start, end)).toString("latin1");
}
