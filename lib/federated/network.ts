import { integerWithin } from "../numeric";
import { gaussian, uniform } from "../simulation/random";

/** "number": any value, squared loss. "yesNo": 0 or 1, logistic loss. */
export type TargetKind = "number" | "yesNo";

/** Without hidden layers it is linear or logistic regression. */
export interface Shape {
  readonly inputs: number;
  /** Width of each hidden layer. */
  readonly hidden: readonly number[];
  readonly target: TargetKind;
}

/** Standardised rows: `inputs` holds them one after the other. */
export interface Table {
  readonly count: number;
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
}

/** Few enough for one MQTT message that every broker takes by default: 256 KiB of float32. */
export const MAX_PARAMETERS = 65_536;
export const MAX_INPUTS = 256;
const MAX_LAYERS = 4;
const MAX_WIDTH = 1024;

interface Layer {
  readonly from: number;
  readonly to: number;
  /** Where its weights begin in the parameters: `to` rows of `from`, followed by `to` biases. */
  readonly at: number;
}

/**
 * A feed-forward network of one output: tanh hidden layers and a linear output, whose parameters are one vector, so that
 * they can be averaged. For "yesNo" the output is the logit. Gradients by backpropagation (Rumelhart, Hinton and
 * Williams 1986, Nature 323:533).
 */
export class Network {
  readonly #layers: readonly Layer[];
  /** Activations of each layer, the input included, and the errors that flow back: kept between calls. */
  readonly #activations: Float64Array[];
  readonly #errors: Float64Array[];
  readonly parameterCount: number;

  /** @throws RangeError when a size is out of bounds */
  constructor(readonly shape: Shape) {
    integerWithin("inputs", shape.inputs, 1, MAX_INPUTS);
    integerWithin("hidden layers", shape.hidden.length, 0, MAX_LAYERS);
    for (const width of shape.hidden) integerWithin("hidden", width, 1, MAX_WIDTH);
    const widths = [shape.inputs, ...shape.hidden, 1];
    let at = 0;
    this.#layers = widths.slice(1).map((to, index) => {
      const from = widths[index] as number;
      const layer = { from, to, at };
      at += (from + 1) * to;
      return layer;
    });
    this.parameterCount = integerWithin("number of parameters", at, 1, MAX_PARAMETERS);
    this.#activations = widths.map((width) => new Float64Array(width));
    this.#errors = widths.map((width) => new Float64Array(width));
  }

  /** Where training begins: all zero without hidden layers; with them normal weights of variance 1 / inputs (LeCun et al. 1998). */
  initial(seed: number): Float32Array {
    const parameters = new Float32Array(this.parameterCount);
    if (this.#layers.length === 1) return parameters;
    for (const { from, to, at } of this.#layers) {
      for (let i = 0; i < from * to; i++) parameters[at + i] = gaussian(seed, at + i) / Math.sqrt(from);
    }
    return parameters;
  }

  /** The output for the row that begins at `offset`: the value, or the logit. */
  outputOf(parameters: ArrayLike<number>, inputs: Float64Array, offset = 0): number {
    const first = this.#activations[0] as Float64Array;
    for (let i = 0; i < first.length; i++) first[i] = inputs[offset + i] as number;
    const last = this.#layers.length - 1;
    this.#layers.forEach(({ from, to, at }, index) => {
      const below = this.#activations[index] as Float64Array;
      const above = this.#activations[index + 1] as Float64Array;
      for (let unit = 0; unit < to; unit++) {
        let sum = parameters[at + from * to + unit] as number;
        const weights = at + unit * from;
        for (let i = 0; i < from; i++) sum += (parameters[weights + i] as number) * (below[i] as number);
        above[unit] = index === last ? sum : Math.tanh(sum);
      }
    });
    return (this.#activations[last + 1] as Float64Array)[0] as number;
  }

  /** Mean loss over the table: mean squared error, or mean logistic loss in nats; 0 for an empty one. */
  loss(parameters: ArrayLike<number>, table: Table): number {
    let sum = 0;
    for (let row = 0; row < table.count; row++) {
      const output = this.outputOf(parameters, table.inputs, row * this.shape.inputs);
      sum += this.#lossOf(output, table.targets[row] as number);
    }
    return table.count === 0 ? 0 : sum / table.count;
  }

  /** Adds the gradient of one row's loss (half of it where it is squared) to `gradient`. */
  addGradient(parameters: ArrayLike<number>, table: Table, row: number, gradient: Float64Array): void {
    const output = this.outputOf(parameters, table.inputs, row * this.shape.inputs);
    const target = table.targets[row] as number;
    const top = this.#errors.length - 1;
    (this.#errors[top] as Float64Array)[0] = (this.shape.target === "yesNo" ? sigmoid(output) : output) - target;
    for (let index = top - 1; index >= 0; index--) {
      this.#addLayerGradient(index, gradient);
      if (index > 0) this.#passBack(parameters, index);
    }
  }

  #addLayerGradient(index: number, gradient: Float64Array): void {
    const { from, to, at } = this.#layers[index] as Layer;
    const below = this.#activations[index] as Float64Array;
    const errors = this.#errors[index + 1] as Float64Array;
    for (let unit = 0; unit < to; unit++) {
      const error = errors[unit] as number;
      const weights = at + unit * from;
      for (let i = 0; i < from; i++)
        gradient[weights + i] = (gradient[weights + i] as number) + error * (below[i] as number);
      const bias = at + from * to + unit;
      gradient[bias] = (gradient[bias] as number) + error;
    }
  }

  /** The errors of the layer below, through its tanh, whose derivative is 1 - a². */
  #passBack(parameters: ArrayLike<number>, index: number): void {
    const { from, to, at } = this.#layers[index] as Layer;
    const errors = this.#errors[index + 1] as Float64Array;
    const below = this.#errors[index] as Float64Array;
    const activations = this.#activations[index] as Float64Array;
    for (let i = 0; i < from; i++) {
      let sum = 0;
      for (let unit = 0; unit < to; unit++)
        sum += (parameters[at + unit * from + i] as number) * (errors[unit] as number);
      const activation = activations[i] as number;
      below[i] = sum * (1 - activation * activation);
    }
  }

  #lossOf(output: number, target: number): number {
    if (this.shape.target === "number") return (output - target) ** 2;
    // log(1 + e^x) - target x, in the form that does not overflow.
    return Math.max(output, 0) + Math.log1p(Math.exp(-Math.abs(output))) - target * output;
  }
}

export function sigmoid(logit: number): number {
  return logit >= 0 ? 1 / (1 + Math.exp(-logit)) : Math.exp(logit) / (1 + Math.exp(logit));
}

/** A random order of 0 … count - 1 that depends on the seed only (Fisher and Yates, as given by Durstenfeld 1964). */
export function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(uniform(seed, i) * (i + 1));
    const kept = order[i] as number;
    order[i] = order[other] as number;
    order[other] = kept;
  }
  return order;
}
