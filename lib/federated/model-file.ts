import type { NewModel } from "../model/contract";
import type { NetworkDocument } from "../model/predictors";
import type { Plan } from "./messages";
import type { Scale } from "./scale";
import { vectorBytes } from "./vector";

/** A shared model and what it takes to use it. */
export interface SharedModel {
  readonly plan: Plan;
  readonly scale: Scale;
  readonly parameters: Float32Array;
}

/** The shared model in the pack's own format, for `predict` to load from the model store. */
export function modelFile(name: string, version: string, model: SharedModel): NewModel {
  const { inputs, target, kind } = model.plan;
  return {
    ...{ name, version, format: "gatewise" },
    task: kind === "yesNo" ? "classification" : "regression",
    files: [{ name: "model.json", data: Buffer.from(JSON.stringify(networkDocument(model))) }],
    inputs: [{ name: "input", shape: [-1, inputs.length], type: "float64" }],
    outputs: [{ name: target, shape: [-1, 1], type: "float64", sensor: `${target}.predicted`, role: "value" }],
    preprocess: { kind: "window", sensors: inputs, length: 1 },
  };
}

/** The same network as lib/model/predictors stores it: weights lie input by input there, unit by unit here. */
export function networkDocument({ plan, scale, parameters }: SharedModel): NetworkDocument {
  const widths = [plan.inputs.length, ...plan.hidden, 1];
  let at = 0;
  const layers = widths.slice(1).map((units, index) => {
    const from = widths[index] as number;
    const isLast = index === plan.hidden.length;
    const weights = transposed(parameters.subarray(at, at + from * units), units, from);
    const biases = parameters.slice(at + from * units, at + (from + 1) * units);
    at += (from + 1) * units;
    const activation = isLast ? ("identity" as const) : ("tanh" as const);
    return { type: "dense" as const, units, activation, weights: floats(weights), biases: floats(biases) };
  });
  const count = plan.inputs.length;
  const isYesNo = plan.kind === "yesNo";
  return {
    ...{ kind: "network", inputs: count, outputs: 1, length: 1, link: isYesNo ? "logistic" : "identity" },
    ...{ mean: doubles(scale.mean.slice(0, count)), std: doubles(scale.deviation.slice(0, count)) },
    scale: isYesNo ? 1 : (scale.deviation[count] as number),
    shift: isYesNo ? 0 : (scale.mean[count] as number),
    layers,
  };
}

function transposed(weights: Float32Array, units: number, from: number): Float32Array {
  const turned = new Float32Array(weights.length);
  for (let unit = 0; unit < units; unit++) {
    for (let i = 0; i < from; i++) turned[i * units + unit] = weights[unit * from + i] as number;
  }
  return turned;
}

function floats(values: Float32Array): string {
  return vectorBytes(values).toString("base64");
}

function doubles(values: readonly number[]): string {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, 8 * i);
  return bytes.toString("base64");
}
