import { ACTIVATIONS, type Shape, sizeOf } from "../../model/predictors/network/layers";
import { type LayerSpec, networkNumbers, shapeAfter } from "../../model/predictors/network/network";
import { integerWithin, numberWithin } from "../../numeric/limits";
import type { LossName } from "../losses";

/** A layer, or the share of values that are left out at random after the one before, in training only. */
export type NetworkLayer = LayerSpec | { readonly type: "dropout"; readonly share: number };

/** Everything that the training of a network can be told. */
export interface NetworkOptions {
  /** Without the last one, which gives the outputs. */
  readonly layers: readonly NetworkLayer[];
  /** Steps of the input, oldest first; 1 for a plain vector. */
  readonly length: number;
  readonly loss: LossName;
  /** pinball: the quantile. */
  readonly quantile: number;
  /** huber: residuals beyond this count linearly, in standard deviations of the target. */
  readonly delta: number;
  /** softmax: number of classes. */
  readonly classes: number;
  /** Passes over the samples. */
  readonly epochs: number;
  /** Share of the samples in one pass, drawn anew each time: neighbours in time say nearly the same. */
  readonly rowShare: number;
  /** Samples a step. */
  readonly batch: number;
  /** At its height: it rises over the first twentieth of the steps and falls to 0 along a cosine (Loshchilov and Hutter 2017). */
  readonly learningRate: number;
  /** Decoupled from the gradient (Loshchilov and Hutter 2019). */
  readonly weightDecay: number;
  /** Of the weights of earlier steps in the average that becomes the model (Polyak and Juditsky 1992); 0 for the last weights. */
  readonly averaging: number;
  /** Epochs without a smaller validation loss after which training ends; 0 for never. */
  readonly patience: number;
  readonly seed: number;
}

export const NETWORK_DEFAULTS: NetworkOptions = {
  layers: [
    { type: "dense", units: 64, activation: "relu" },
    { type: "dropout", share: 0.1 },
    { type: "dense", units: 32, activation: "relu" },
  ],
  length: 1,
  loss: "squared",
  quantile: 0.5,
  delta: 1,
  classes: 2,
  epochs: 50,
  rowShare: 1,
  batch: 128,
  learningRate: 0.01,
  weightDecay: 0.01,
  averaging: 0.99,
  patience: 0,
  seed: 1,
};

/** Numbers of a network in training, 512 MiB. */
const MAX_NUMBERS = 128 * 1024 * 1024;

/** @throws RangeError naming the option, what it was and what was expected */
export function checkedNetworkOptions(options: Partial<NetworkOptions>, inputs: number): NetworkOptions {
  const all = { ...NETWORK_DEFAULTS, ...options };
  integerWithin("length", all.length, 1, inputs);
  if (inputs % all.length !== 0)
    throw new RangeError(`length: expected a divisor of ${inputs} inputs, got ${all.length}`);
  numberWithin("quantile", all.quantile, 0.001, 0.999);
  numberWithin("delta", all.delta, 1e-12, 1e100);
  integerWithin("classes", all.classes, 2, 1000);
  integerWithin("epochs", all.epochs, 1, 100_000);
  numberWithin("rowShare", all.rowShare, 0.001, 1);
  integerWithin("batch", all.batch, 1, 65_536);
  numberWithin("learningRate", all.learningRate, 1e-9, 10);
  numberWithin("weightDecay", all.weightDecay, 0, 10);
  numberWithin("averaging", all.averaging, 0, 0.99999);
  integerWithin("patience", all.patience, 0, 100_000);
  integerWithin("seed", all.seed, 0, 2 ** 32 - 1);
  checkLayers(all, { length: all.length, channels: inputs / all.length });
  return all;
}

function checkLayers({ layers, batch }: NetworkOptions, input: Shape): void {
  let shape = input;
  layers.forEach((layer, at) => {
    const name = `layers[${at}]`;
    if (layer.type === "dropout") {
      numberWithin(`${name}.share`, layer.share, 0, 0.95);
      return;
    }
    if (layer.type !== "dense") integerWithin(`${name}.width`, layer.width, 1, shape.length);
    if (layer.type === "dense") integerWithin(`${name}.units`, layer.units, 1, 65_536);
    if (layer.type === "convolution") integerWithin(`${name}.filters`, layer.filters, 1, 65_536);
    if (layer.type !== "pool" && !ACTIVATIONS.includes(layer.activation)) {
      throw new RangeError(`${name}.activation: expected ${ACTIVATIONS.join(", ")}, got ${layer.activation}`);
    }
    shape = shapeAfter(layer, shape);
  });
  const kept = layers.filter((layer) => layer.type !== "dropout");
  if (networkNumbers(kept, input, batch, true) + sizeOf(shape) > MAX_NUMBERS) {
    throw new RangeError(`layers: expected a smaller network, or a smaller batch than ${batch}`);
  }
}
