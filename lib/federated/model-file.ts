import type { PreprocessSpec } from "../model/contract";
import type { NetworkDocument } from "../model/predictors";
import type { Plan } from "./messages";
import type { Scale } from "./scale";
import type { Units } from "./units";
import { vectorBytes } from "./vector";

/** A shared model and what it takes to use it. */
export interface SharedModel {
  readonly plan: Plan;
  readonly scale: Scale;
  readonly parameters: Float32Array;
  /** Of inputs and target, as far as they are known. */
  readonly units?: Units;
}

/** A model with its files by their names, as the command `import` of the predict node takes it. */
export interface ModelToImport {
  readonly name: string;
  readonly version: string;
  readonly format: "gatewise";
  readonly task: "regression";
  readonly preprocess: PreprocessSpec;
  readonly outputs: readonly { readonly sensor: string; readonly unit?: string; readonly role: "value" }[];
  readonly files: Readonly<Record<string, NetworkDocument>>;
}

/** The shared model in the pack's own format. Its answer to a yes-or-no question is the probability of a yes. */
export function modelToImport(group: string, version: string, model: SharedModel): ModelToImport {
  const { inputs, target, kind } = model.plan;
  const unit = kind === "yesNo" ? "1" : model.units?.[inputs.length];
  return {
    ...{ name: modelName(group), version, format: "gatewise", task: "regression" },
    preprocess: { kind: "window", sensors: inputs, length: 1 },
    outputs: [{ sensor: `${target}.predicted`, ...(unit && { unit }), role: "value" }],
    files: { "model.json": networkDocument(model) },
  };
}

/** Models have names that files can have, groups may be called more freely. */
function modelName(group: string): string {
  const name = group.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 64).replace(/[.]+$/, "") || "federated";
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
