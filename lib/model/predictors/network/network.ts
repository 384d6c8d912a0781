import { Arena } from "./kernel";
import {
  type Activation,
  AveragePool,
  Convolution,
  Dense,
  type Layer,
  type LayerPlace,
  productNumbers,
  type Shape,
  sizeOf,
} from "./layers";

/** What a layer is, without its weights. */
export type LayerSpec =
  | { readonly type: "dense"; readonly units: number; readonly activation: Activation }
  | {
      readonly type: "convolution";
      readonly width: number;
      readonly filters: number;
      readonly activation: Activation;
    }
  | { readonly type: "pool"; readonly width: number };

/** Of the values after the layer. */
export function shapeAfter(layer: LayerSpec, input: Shape): Shape {
  if (layer.type === "dense") return { length: 1, channels: layer.units };
  if (layer.type === "pool") return { length: Math.floor(input.length / layer.width), channels: input.channels };
  return { length: input.length - layer.width + 1, channels: layer.filters };
}

/** Numbers of weights and of biases; none for pools. */
export function parameterCounts(layer: LayerSpec, input: Shape): { weights: number; biases: number } {
  if (layer.type === "pool") return { weights: 0, biases: 0 };
  if (layer.type === "dense") return { weights: sizeOf(input) * layer.units, biases: layer.units };
  return { weights: layer.width * input.channels * layer.filters, biases: layer.filters };
}

/** Numbers that the network's arrays take, at least. */
export function networkNumbers(layers: readonly LayerSpec[], input: Shape, rows: number, trains: boolean): number {
  let shape = input;
  let sum = rows * sizeOf(input) + 64;
  for (const layer of layers) {
    const after = shapeAfter(layer, shape);
    if (layer.type === "pool") sum += rows * (sizeOf(after) + sizeOf(shape)) + 64;
    else {
      const { weights, biases } = parameterCounts(layer, shape);
      sum += productNumbers(weights / biases, biases, rows * after.length, trains) + rows * sizeOf(shape);
    }
    shape = after;
  }
  return sum;
}

/** A network in an arena of its own, for batches of up to `rows`. */
export class Network {
  /** Filled by the caller before `forward`. */
  readonly input: Float32Array;
  readonly layers: readonly Layer[];

  constructor(
    layers: readonly LayerSpec[],
    input: Shape,
    readonly rows: number,
    trains: boolean,
  ) {
    const arena = new Arena(networkNumbers(layers, input, rows, trains));
    this.input = arena.floats(rows * sizeOf(input));
    let shape = input;
    this.layers = layers.map((spec) => {
      const layer = layerOf(spec, { arena, input: shape, rows, trains });
      shape = layer.output;
      return layer;
    });
  }

  forward(rows: number): Float32Array {
    return this.layers.reduce((values, layer) => layer.forward(values, rows), this.input);
  }
}

function layerOf(spec: LayerSpec, place: LayerPlace): Layer {
  if (spec.type === "dense") return new Dense(place, spec.units, spec.activation);
  if (spec.type === "pool") return new AveragePool(place, spec.width);
  return new Convolution(place, spec.width, spec.filters, spec.activation);
}

/** Standardised inputs are kept within this, so that one wild value cannot drive a network anywhere. */
export const INPUT_LIMIT = 10;

/** Standardises one input into `out`; a missing value becomes the mean. */
export function standardise(
  values: Float64Array,
  from: number,
  mean: Float64Array,
  std: Float64Array,
  out: Float32Array,
  to: number,
): void {
  for (let i = 0; i < mean.length; i++) {
    const value = (values[from + i]! - mean[i]!) / std[i]!;
    out[to + i] = value > INPUT_LIMIT ? INPUT_LIMIT : value < -INPUT_LIMIT ? -INPUT_LIMIT : value || 0;
  }
}
