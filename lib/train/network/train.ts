import { encoded } from "../../model/predictors/arrays";
import type { LayerDocument, NetworkDocument } from "../../model/predictors/network/document";
import type { Layer, Parameter } from "../../model/predictors/network/layers";
import { type LayerSpec, Network, standardise } from "../../model/predictors/network/network";
import { Breather } from "../breather";
import { checkSamples, type Matrix, type Samples, type TrainingControl, TrainingError } from "../data";
import { checkTarget, type Loss, lossOf } from "../losses";
import { columnMoments, usableStd, weightedMoments } from "../moments";
import { drawn, type Random, seededRandom } from "../random";
import { Adam } from "./adam";
import { checkedNetworkOptions, type NetworkOptions } from "./options";
import { byOutput, dropoutAfter, initialise, rateAt } from "./steps";

export interface TrainedNetwork {
  readonly model: NetworkDocument;
  /** Epochs to the weights in the model. */
  readonly epochs: number;
  readonly trainingLoss: number;
  readonly validationLoss?: number;
}

/**
 * A small network of dense and convolution layers, fitted by stochastic gradient descent. The same samples, options and
 * seed give the same model.
 * @throws TrainingError when the samples are not fit for it
 * @throws RangeError when an option is out of range
 * @throws the signal's reason when it is aborted
 */
export async function trainNetwork(
  samples: Samples,
  options: Partial<NetworkOptions> = {},
  control: TrainingControl = {},
): Promise<TrainedNetwork> {
  checkSamples(samples);
  const checked = checkedNetworkOptions(options, samples.features.columns);
  checkTarget(samples, checked);
  const { validation } = control;
  if (validation !== undefined) {
    checkSamples(validation);
    checkTarget(validation, checked);
    if (validation.features.columns !== samples.features.columns) {
      throw new TrainingError(`expected ${samples.features.columns} features in validation too`);
    }
  }
  const trainer = new NetworkTrainer(samples, checked, validation);
  const breather = new Breather(control.signal);
  for (let epoch = 1; epoch <= checked.epochs; epoch++) {
    for (let step = 0; step < trainer.stepsAnEpoch; step++) {
      await breather.breathe();
      trainer.step();
    }
    const losses = trainer.endEpoch();
    control.onProgress?.({ done: epoch / checked.epochs, round: epoch, ...losses });
    if (trainer.hasStopped) break;
  }
  return trainer.trained();
}

/** Samples as the network sees them: standardised inputs and targets, single precision. */
interface Prepared {
  readonly rows: number;
  readonly inputs: Float32Array;
  readonly target: Float64Array;
  readonly weights: Float64Array | undefined;
}

class NetworkTrainer {
  readonly stepsAnEpoch: number;
  readonly #loss: Loss;
  readonly #random: Random;
  readonly #specs: readonly LayerSpec[];
  readonly #network: Network;
  /** A layer: the share of its outputs that are left out. */
  readonly #dropout: readonly number[];
  readonly #masks: readonly Float32Array[];
  readonly #adam: Adam;
  readonly #parameters: readonly Parameter[];
  readonly #mean: Float64Array;
  readonly #std: Float64Array;
  readonly #shift: number;
  readonly #scale: number;
  readonly #training: Prepared;
  readonly #validation: Prepared | undefined;
  readonly #order: Int32Array;
  readonly #drawnRows: number;
  #steps = 0;
  #epoch = 0;
  #lossSum = 0;
  #weightSum = 0;
  #best = { epoch: 0, trainingLoss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY };
  #trainingLoss = Number.NaN;
  #kept: Float32Array[] = [];

  constructor(
    samples: Samples,
    private readonly options: NetworkOptions,
    validation: Samples | undefined,
  ) {
    const { features } = samples;
    this.#loss = lossOf(options);
    this.#random = seededRandom(options.seed);
    const regression = options.loss !== "logistic" && options.loss !== "softmax";
    const spread = regression ? weightedMoments(samples.target, samples.weights) : { mean: 0, std: 1 };
    this.#shift = spread.mean;
    this.#scale = usableStd(spread);
    [this.#mean, this.#std] = standardOf(features);
    this.#training = this.#prepared(samples);
    this.#validation = validation && this.#prepared(validation);
    this.#specs = [
      ...options.layers.filter((layer) => layer.type !== "dropout"),
      { type: "dense", units: this.#loss.outputs, activation: "identity" },
    ];
    const shape = { length: options.length, channels: features.columns / options.length };
    this.#network = new Network(this.#specs, shape, options.batch, true);
    this.#dropout = dropoutAfter(options);
    this.#masks = this.#network.layers.map(({ output }, at) =>
      this.#dropout[at]! > 0 ? new Float32Array(options.batch * output.length * output.channels) : new Float32Array(0),
    );
    this.#parameters = this.#network.layers.flatMap(({ parameters }) => parameters);
    for (const layer of this.#network.layers) initialise(layer, this.#random);
    this.#adam = new Adam(this.#parameters, options.weightDecay, options.averaging);
    const { weights } = samples;
    const all = Int32Array.from({ length: features.rows }, (_, row) => row);
    this.#order = weights === undefined ? all : all.filter((row) => weights[row]! > 0);
    this.#drawnRows = Math.max(1, Math.round(options.rowShare * this.#order.length));
    this.stepsAnEpoch = Math.ceil(this.#drawnRows / options.batch);
  }

  #prepared({ features, target, weights }: Samples): Prepared {
    const { rows, columns, values } = features;
    const inputs = new Float32Array(rows * columns);
    for (let at = 0; at < rows * columns; at += columns) standardise(values, at, this.#mean, this.#std, inputs, at);
    return { rows, inputs, target: target.map((value) => (value - this.#shift) / this.#scale), weights };
  }

  /** One batch: forward, derivatives of the loss, backward, Adam. */
  step(): void {
    const { batch, epochs, learningRate } = this.options;
    const at = this.#steps % this.stepsAnEpoch;
    if (at === 0) drawn(this.#order, this.#drawnRows, this.#random);
    const rows = this.#order.subarray(at * batch, Math.min((at + 1) * batch, this.#drawnRows));
    const some = this.#take(this.#training, rows);
    const out = this.#forward(rows.length);
    const gradient = this.#lossGradient(some, out, rows.length);
    this.#backward(gradient, rows.length);
    this.#adam.step(learningRate * rateAt(this.#steps / (epochs * this.stepsAnEpoch)));
    this.#steps += 1;
  }

  #take(from: Prepared, rows: Int32Array): Samples {
    const columns = this.#mean.length;
    for (let i = 0; i < rows.length; i++) {
      const start = rows[i]! * columns;
      this.#network.input.set(from.inputs.subarray(start, start + columns), i * columns);
    }
    const { weights } = from;
    return {
      features: { rows: rows.length, columns: 0, values: new Float64Array(0) },
      target: Float64Array.from(rows, (row) => from.target[row]!),
      ...(weights === undefined ? {} : { weights: Float64Array.from(rows, (row) => weights[row]!) }),
    };
  }

  #forward(rows: number): Float32Array {
    let values = this.#network.input;
    this.#network.layers.forEach((layer, at) => {
      values = layer.forward(values, rows);
      if (this.#dropout[at]! > 0) this.#leaveOut(values, this.#masks[at]!, this.#dropout[at]!, rows, layer);
    });
    return values;
  }

  /** Srivastava et al. 2014; what remains is scaled up, so that nothing need be done at run time. */
  #leaveOut(values: Float32Array, mask: Float32Array, share: number, rows: number, { output }: Layer): void {
    const scale = 1 / (1 - share);
    for (let i = 0; i < rows * output.length * output.channels; i++) {
      mask[i] = this.#random.uniform() < share ? 0 : scale;
      values[i]! *= mask[i]!;
    }
  }

  #backward(outermost: Float32Array, rows: number): void {
    let gradient = outermost;
    for (let at = this.#network.layers.length - 1; at >= 0; at--) {
      const mask = this.#masks[at]!;
      if (mask.length > 0) {
        const { output } = this.#network.layers[at]!;
        for (let i = 0; i < rows * output.length * output.channels; i++) gradient[i]! *= mask[i]!;
      }
      gradient = this.#network.layers[at]!.backward(gradient, rows);
    }
  }

  /** Derivatives of the batch's mean loss, written over the outputs, which they then belong beside. */
  #lossGradient(some: Samples, out: Float32Array, rows: number): Float32Array {
    const { outputs } = this.#loss;
    const scores = byOutput(out, rows, outputs);
    const gradient = new Float64Array(rows * outputs);
    this.#loss.derivatives(some, scores, gradient, new Float64Array(rows * outputs));
    const weight = some.weights?.reduce((sum, own) => sum + own, 0) ?? rows;
    this.#lossSum += weight * this.#loss.mean(some, scores);
    this.#weightSum += weight;
    // The last layer has no activation, so its outputs are no longer needed and their place, in the arena, is free.
    for (let row = 0; row < rows; row++) {
      for (let k = 0; k < outputs; k++) out[row * outputs + k] = gradient[k * rows + row]! / rows;
    }
    return out;
  }

  endEpoch(): { trainingLoss: number; validationLoss?: number } {
    this.#epoch += 1;
    this.#trainingLoss = this.#unscaled(this.#lossSum / this.#weightSum);
    this.#lossSum = 0;
    this.#weightSum = 0;
    if (this.#validation === undefined) return { trainingLoss: this.#trainingLoss };
    const validationLoss = this.#validated(this.#validation);
    return { trainingLoss: this.#trainingLoss, validationLoss };
  }

  #validated(validation: Prepared): number {
    const { batch, averaging } = this.options;
    if (averaging > 0) this.#adam.exchange();
    let sum = 0;
    let total = 0;
    for (let start = 0; start < validation.rows; start += batch) {
      const length = Math.min(batch, validation.rows - start);
      const some = this.#take(
        validation,
        Int32Array.from({ length }, (_, i) => start + i),
      );
      const weight = some.weights?.reduce((all, own) => all + own, 0) ?? length;
      if (weight === 0) continue;
      const scores = byOutput(this.#network.forward(length), length, this.#loss.outputs);
      sum += weight * this.#loss.mean(some, scores);
      total += weight;
    }
    const validationLoss = this.#unscaled(sum / total);
    if (validationLoss < this.#best.validationLoss) {
      this.#best = { epoch: this.#epoch, trainingLoss: this.#trainingLoss, validationLoss };
      if (this.options.patience > 0) this.#kept = this.#parameters.map(({ values }) => values.slice());
    }
    if (averaging > 0) this.#adam.exchange();
    return validationLoss;
  }

  /** From standardised targets to the target's own unit. */
  #unscaled(loss: number): number {
    return loss * (this.options.loss === "pinball" ? this.#scale : this.#scale ** 2);
  }

  get hasStopped(): boolean {
    const { patience } = this.options;
    return this.#validation !== undefined && patience > 0 && this.#epoch - this.#best.epoch >= patience;
  }

  trained(): TrainedNetwork {
    const stopped = this.#kept.length > 0;
    if (stopped) {
      this.#parameters.forEach(({ values }, p) => {
        values.set(this.#kept[p]!);
      });
    } else if (this.options.averaging > 0) {
      this.#adam.exchange();
    }
    return {
      model: this.#document(),
      epochs: stopped ? this.#best.epoch : this.#epoch,
      trainingLoss: stopped ? this.#best.trainingLoss : this.#trainingLoss,
      ...(this.#validation === undefined ? {} : { validationLoss: this.#best.validationLoss }),
    };
  }

  #document(): NetworkDocument {
    const { loss, length } = this.options;
    return {
      kind: "network",
      inputs: this.#mean.length,
      outputs: this.#loss.outputs,
      length,
      link: loss === "logistic" || loss === "softmax" ? loss : "identity",
      mean: encoded(this.#mean),
      std: encoded(this.#std),
      scale: this.#scale,
      shift: this.#shift,
      layers: this.#network.layers.map(({ parameters }, at): LayerDocument => {
        const [weights, biases] = parameters;
        const spec = this.#specs[at]!;
        if (weights === undefined || biases === undefined) return spec;
        return { ...spec, weights: encoded(weights.values), biases: encoded(biases.values) };
      }),
    };
  }
}

/** Mean and standard deviation of each column. */
function standardOf(features: Matrix): [Float64Array, Float64Array] {
  const moments = Array.from({ length: features.columns }, (_, column) => columnMoments(features, column));
  return [Float64Array.from(moments, ({ mean }) => mean), Float64Array.from(moments, usableStd)];
}
