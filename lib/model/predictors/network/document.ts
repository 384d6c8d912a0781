import type { Predictor } from "../../contract";
import { ModelFields } from "../fields";
import { applyLink, LINKS, type Link } from "../link";
import { ACTIVATIONS, type Activation, type Shape, sizeOf } from "./layers";
import { type LayerSpec, Network, networkNumbers, parameterCounts, shapeAfter, standardise } from "./network";

/** A layer with its parameters: base64 of little-endian single-precision numbers, weights input by input. */
export type LayerDocument = LayerSpec & { readonly weights?: string; readonly biases?: string };

/**
 * A small network as it is stored. Its input is `length` steps of inputs / length values, oldest first, standardised by
 * `mean` and `std`; its last layer's values times `scale` plus `shift` go through the link.
 */
export interface NetworkDocument {
  readonly kind: "network";
  readonly inputs: number;
  readonly outputs: number;
  readonly length: number;
  readonly link: Link;
  /** Float64, an input. */
  readonly mean: string;
  /** Float64, an input; above 0. */
  readonly std: string;
  readonly scale: number;
  readonly shift: number;
  readonly layers: readonly LayerDocument[];
}

const MAX_INPUTS = 1_000_000;
const MAX_OUTPUTS = 1000;
const MAX_LAYERS = 64;
const MAX_UNITS = 65_536;
const MAX_PARAMETERS = 20_000_000;
const MAX_NUMBERS = 100_000_000;
/** Rows that are computed at once. */
const BATCH = 64;

interface CheckedLayer {
  readonly spec: LayerSpec;
  readonly weights: Float32Array;
  readonly biases: Float32Array;
}

/** @throws ModelError when layers and parameters do not fit together */
export function loadNetwork(fields: ModelFields): Predictor {
  const inputs = fields.integer("inputs", 1, MAX_INPUTS);
  const outputs = fields.integer("outputs", 1, MAX_OUTPUTS);
  const length = fields.integer("length", 1, inputs);
  if (inputs % length !== 0) fields.fail("length", `a divisor of ${inputs}`);
  const input = { length, channels: inputs / length };
  const link = fields.oneOf("link", LINKS);
  const mean = fields.doubles("mean", inputs);
  const std = fields.doubles("std", inputs);
  if (!std.every((value) => value > 0)) fields.fail("std", "numbers above 0");
  const scale = fields.number("scale");
  const shift = fields.number("shift");
  const layers = checkedLayers(fields, input, outputs);
  let network: Network | undefined;
  return {
    inputs,
    outputs,
    predict(batch, count) {
      network ??= withParameters(layers, input);
      const answers = new Float64Array(count * outputs);
      for (let start = 0; start < count; start += BATCH) {
        const rows = Math.min(BATCH, count - start);
        for (let row = 0; row < rows; row++) {
          standardise(batch, (start + row) * inputs, mean, std, network.input, row * inputs);
        }
        const values = network.forward(rows);
        for (let i = 0; i < rows * outputs; i++) answers[start * outputs + i] = values[i]! * scale + shift;
      }
      applyLink(link, answers, count, outputs);
      return answers;
    },
  };
}

function withParameters(layers: readonly CheckedLayer[], input: Shape): Network {
  const network = new Network(
    layers.map(({ spec }) => spec),
    input,
    BATCH,
    false,
  );
  network.layers.forEach(({ parameters }, at) => {
    parameters[0]?.values.set(layers[at]!.weights);
    parameters[1]?.values.set(layers[at]!.biases);
  });
  return network;
}

function checkedLayers(fields: ModelFields, input: Shape, outputs: number): CheckedLayer[] {
  const list = fields.list("layers", 1, MAX_LAYERS);
  let shape = input;
  let parameters = 0;
  const layers = list.map((item, at): CheckedLayer => {
    const path = fields.path === "" ? `layers[${at}]` : `${fields.path}.layers[${at}]`;
    const own = new ModelFields(item, path);
    const spec = specOf(own, shape);
    const { weights, biases } = parameterCounts(spec, shape);
    parameters += weights + biases;
    if (parameters > MAX_PARAMETERS) fields.fail("layers", `at most ${MAX_PARAMETERS} weights`);
    shape = shapeAfter(spec, shape);
    if (spec.type === "pool") return { spec, weights: new Float32Array(0), biases: new Float32Array(0) };
    return { spec, weights: own.floats("weights", weights), biases: own.floats("biases", biases) };
  });
  if (sizeOf(shape) !== outputs) fields.fail("layers", `${outputs} values after the last one, not ${sizeOf(shape)}`);
  const specs = layers.map(({ spec }) => spec);
  if (networkNumbers(specs, input, BATCH, false) > MAX_NUMBERS) fields.fail("layers", "a smaller network");
  return layers;
}

function specOf(fields: ModelFields, input: Shape): LayerSpec {
  const type = fields.oneOf("type", ["dense", "convolution", "pool"] as const);
  if (type === "pool") return { type, width: fields.integer("width", 1, input.length) };
  const activation = fields.oneOf<Activation>("activation", ACTIVATIONS);
  if (type === "dense") return { type, units: fields.integer("units", 1, MAX_UNITS), activation };
  const width = fields.integer("width", 1, input.length);
  return { type, width, filters: fields.integer("filters", 1, MAX_UNITS), activation };
}
