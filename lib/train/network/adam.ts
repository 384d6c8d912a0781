import type { Parameter } from "../../model/predictors/network/layers";

const FIRST = 0.9;
const SECOND = 0.999;
const SMALL = 1e-8;

/** Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019), and a running mean of the weights. */
export class Adam {
  readonly #first: readonly Float32Array[];
  readonly #second: readonly Float32Array[];
  readonly #averages: readonly Float32Array[];
  #steps = 0;

  constructor(
    private readonly parameters: readonly Parameter[],
    private readonly weightDecay: number,
    private readonly averaging: number,
  ) {
    const zeros = (): Float32Array[] => parameters.map(({ values }) => new Float32Array(values.length));
    this.#first = zeros();
    this.#second = zeros();
    this.#averages = zeros();
  }

  step(learningRate: number): void {
    this.#steps += 1;
    const rate = (learningRate * Math.sqrt(1 - SECOND ** this.#steps)) / (1 - FIRST ** this.#steps);
    this.parameters.forEach(({ values, gradients, decays }, p) => {
      const first = this.#first[p]!;
      const second = this.#second[p]!;
      const kept = decays ? 1 - learningRate * this.weightDecay : 1;
      for (let i = 0; i < values.length; i++) {
        const slope = gradients[i]!;
        first[i] = FIRST * first[i]! + (1 - FIRST) * slope;
        second[i] = SECOND * second[i]! + (1 - SECOND) * slope * slope;
        values[i] = kept * values[i]! - (rate * first[i]!) / (Math.sqrt(second[i]!) + SMALL);
      }
      this.#average(values, this.#averages[p]!);
    });
  }

  #average(values: Float32Array, average: Float32Array): void {
    // Fewer steps than the average's length count alike, so that it does not start from 0.
    const share = Math.max(1 - this.averaging, 1 / this.#steps);
    for (let i = 0; i < values.length; i++) average[i]! += share * (values[i]! - average[i]!);
  }

  /** Exchanges the weights and their average: once to judge by the average, once more to go on. */
  exchange(): void {
    this.parameters.forEach(({ values }, p) => {
      const kept = values.slice();
      values.set(this.#averages[p]!);
      this.#averages[p]!.set(kept);
    });
  }
}
