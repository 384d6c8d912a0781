import type { ModelFormat } from "../../model/contract";
import type { Backend } from "./backend";
import { gatewise } from "./gatewise";
import { onnx } from "./onnx";
import { tfjsBackend } from "./tfjs";
import { tflite } from "./tflite";

export type { Backend, LoadedModel } from "./backend";

/** By format. Each loads its runtime when it loads its first model. */
export const backends: Readonly<Record<ModelFormat, Backend>> = {
  gatewise,
  onnx,
  "tfjs-layers": tfjsBackend("tfjs-layers"),
  "tfjs-graph": tfjsBackend("tfjs-graph"),
  tflite,
};
