import { type Arena, transpose } from "./kernel";

/** Of what passes between layers: `length` steps of `channels` values each; a plain vector has one step. */
export interface Shape {
  readonly length: number;
  readonly channels: number;
}

export const sizeOf = ({ length, channels }: Shape): number => length * channels;

export type Activation = "identity" | "relu" | "tanh";

export const ACTIVATIONS: readonly Activation[] = ["identity", "relu", "tanh"];

/** Values that training changes, and the loss's derivatives by them. */
export interface Parameter {
  readonly values: Float32Array;
  readonly gradients: Float32Array;
  /** Whether weight decay applies: to weights, not to biases. */
  readonly decays: boolean;
}

/** One step of a network, on batches of at most as many rows as it was made for. What it returns is valid until its next call. */
export interface Layer {
  readonly output: Shape;
  readonly parameters: readonly Parameter[];
  /** @param input `rows` inputs one after the other */
  forward(input: Float32Array, rows: number): Float32Array;
  /** From the derivatives by the outputs of the latest `forward` to those by its inputs; sets the parameters' gradients. */
  backward(gradient: Float32Array, rows: number): Float32Array;
}

/** Where a layer's arrays lie, and how much it needs. */
export interface LayerPlace {
  readonly arena: Arena;
  readonly input: Shape;
  readonly rows: number;
  /** Whether `backward` will be called; without it half the memory is enough. */
  readonly trains: boolean;
}

/** Numbers that a product layer needs in the arena, alignment included. */
export function productNumbers(inner: number, units: number, products: number, trains: boolean): number {
  const parameters = inner * units + units;
  const forward = parameters + products * units;
  return (trains ? 2 * forward + inner * units + 3 * products * inner : forward + products * inner) + 64;
}

/** activation(x . weights + biases): the part that dense and convolution layers share. */
class ProductCore {
  readonly weights: Parameter;
  readonly biases: Parameter;
  readonly #out: Float32Array;
  readonly #turnedInput: Float32Array;
  readonly #turnedWeights: Float32Array;
  readonly #back: Float32Array;
  #input: Float32Array = new Float32Array(0);

  constructor(
    private readonly arena: Arena,
    private readonly inner: number,
    private readonly units: number,
    private readonly activation: Activation,
    products: number,
    trains: boolean,
  ) {
    const some = (length: number): Float32Array => arena.floats(trains ? length : 0);
    this.weights = { values: arena.floats(inner * units), gradients: some(inner * units), decays: true };
    this.biases = { values: arena.floats(units), gradients: some(units), decays: false };
    this.#out = arena.floats(products * units);
    this.#turnedInput = some(products * inner);
    this.#turnedWeights = some(inner * units);
    this.#back = some(products * inner);
  }

  forward(input: Float32Array, products: number): Float32Array {
    const { units } = this;
    const out = this.#out;
    this.#input = input;
    this.arena.multiply(input, this.weights.values, out, products, units, this.inner);
    const biases = this.biases.values;
    for (let row = 0, at = 0; row < products; row++) for (let u = 0; u < units; u++, at++) out[at]! += biases[u]!;
    const count = products * units;
    if (this.activation === "relu") for (let i = 0; i < count; i++) out[i] = out[i]! > 0 ? out[i]! : 0;
    else if (this.activation === "tanh") for (let i = 0; i < count; i++) out[i] = Math.tanh(out[i]!);
    return out;
  }

  /** @param gradient is changed: it becomes that before the activation */
  backward(gradient: Float32Array, products: number): Float32Array {
    const { units, inner, arena } = this;
    const out = this.#out;
    const count = products * units;
    if (this.activation === "relu") for (let i = 0; i < count; i++) gradient[i] = out[i]! > 0 ? gradient[i]! : 0;
    else if (this.activation === "tanh") for (let i = 0; i < count; i++) gradient[i]! *= 1 - out[i]! * out[i]!;
    const ofBiases = this.biases.gradients.fill(0);
    for (let row = 0, at = 0; row < products; row++)
      for (let u = 0; u < units; u++, at++) ofBiases[u]! += gradient[at]!;
    transpose(this.#input, this.#turnedInput, products, inner);
    arena.multiply(this.#turnedInput, gradient, this.weights.gradients, inner, units, products);
    transpose(this.weights.values, this.#turnedWeights, inner, units);
    arena.multiply(gradient, this.#turnedWeights, this.#back, products, inner, units);
    return this.#back;
  }
}

/** Every output from every input value. */
export class Dense implements Layer {
  readonly output: Shape;
  readonly parameters: readonly [Parameter, Parameter];
  readonly #core: ProductCore;

  constructor({ arena, input, rows, trains }: LayerPlace, units: number, activation: Activation) {
    this.output = { length: 1, channels: units };
    this.#core = new ProductCore(arena, sizeOf(input), units, activation, rows, trains);
    this.parameters = [this.#core.weights, this.#core.biases];
  }

  forward(input: Float32Array, rows: number): Float32Array {
    return this.#core.forward(input, rows);
  }

  backward(gradient: Float32Array, rows: number): Float32Array {
    return this.#core.backward(gradient, rows);
  }
}

/** The same weights over every stretch of `width` steps, without padding. */
export class Convolution implements Layer {
  readonly output: Shape;
  readonly parameters: readonly [Parameter, Parameter];
  readonly #core: ProductCore;
  readonly #input: Shape;
  readonly #stretches: Float32Array;
  readonly #back: Float32Array;

  constructor(
    { arena, input, rows, trains }: LayerPlace,
    private readonly width: number,
    filters: number,
    activation: Activation,
  ) {
    this.#input = input;
    this.output = { length: input.length - width + 1, channels: filters };
    const products = rows * this.output.length;
    this.#core = new ProductCore(arena, width * input.channels, filters, activation, products, trains);
    this.#stretches = arena.floats(products * width * input.channels);
    this.#back = arena.floats(trains ? rows * sizeOf(input) : 0);
    this.parameters = [this.#core.weights, this.#core.biases];
  }

  /** Steps lie one after the other, so a stretch is a piece of the input as it is. */
  forward(input: Float32Array, rows: number): Float32Array {
    const { length, channels } = this.#input;
    const stretch = this.width * channels;
    for (let row = 0, at = 0; row < rows; row++) {
      const start = row * length * channels;
      for (let step = 0; step < this.output.length; step++, at += stretch) {
        const from = start + step * channels;
        for (let i = 0; i < stretch; i++) this.#stretches[at + i] = input[from + i]!;
      }
    }
    return this.#core.forward(this.#stretches, rows * this.output.length);
  }

  backward(gradient: Float32Array, rows: number): Float32Array {
    const { length, channels } = this.#input;
    const stretch = this.width * channels;
    const ofStretches = this.#core.backward(gradient, rows * this.output.length);
    this.#back.fill(0, 0, rows * length * channels);
    for (let row = 0, at = 0; row < rows; row++) {
      const start = row * length * channels;
      for (let step = 0; step < this.output.length; step++, at += stretch) {
        const to = start + step * channels;
        for (let i = 0; i < stretch; i++) this.#back[to + i]! += ofStretches[at + i]!;
      }
    }
    return this.#back;
  }
}

/** Means of `width` steps at a time; steps that are left over at the end are not used. */
export class AveragePool implements Layer {
  readonly output: Shape;
  readonly parameters = [];
  readonly #input: Shape;
  readonly #out: Float32Array;
  readonly #back: Float32Array;

  constructor(
    { arena, input, rows, trains }: LayerPlace,
    private readonly width: number,
  ) {
    this.#input = input;
    this.output = { length: Math.floor(input.length / width), channels: input.channels };
    this.#out = arena.floats(rows * sizeOf(this.output));
    this.#back = arena.floats(trains ? rows * sizeOf(input) : 0);
  }

  forward(input: Float32Array, rows: number): Float32Array {
    this.#out.fill(0);
    this.#each(rows, (from, to) => {
      this.#out[to]! += input[from]! / this.width;
    });
    return this.#out;
  }

  backward(gradient: Float32Array, rows: number): Float32Array {
    this.#back.fill(0);
    this.#each(rows, (from, to) => {
      this.#back[from] = gradient[to]! / this.width;
    });
    return this.#back;
  }

  #each(rows: number, visit: (from: number, to: number) => void): void {
    const { length, channels } = this.#input;
    for (let row = 0; row < rows; row++) {
      for (let step = 0; step < this.output.length * this.width; step++) {
        const from = (row * length + step) * channels;
        const to = (row * this.output.length + Math.floor(step / this.width)) * channels;
        for (let c = 0; c < channels; c++) visit(from + c, to + c);
      }
    }
  }
}
