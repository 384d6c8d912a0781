import { integerWithin, numberWithin, positiveNumber } from "../numeric";
import { Network, type Shape, shuffled, type Table } from "./network";

/** How a client trains between two rounds. */
export interface Training {
  /** Passes over the client's rows. */
  readonly epochs: number;
  /** Rows a step. */
  readonly batch: number;
  readonly learningRate: number;
  /** Pull towards the shared model, FedProx's mu (Li et al. 2020, MLSys); 0 is FedAvg. */
  readonly proximal: number;
  /** Makes the order of the rows. */
  readonly seed: number;
}

export interface TrainingTask {
  readonly shape: Shape;
  readonly parameters: Float32Array;
  readonly table: Table;
  readonly training: Training;
}

export interface Trained {
  /** What training has changed of the parameters. */
  readonly delta: Float32Array;
  /** Mean loss over the rows with the shared parameters, and with the trained ones. */
  readonly before: number;
  readonly after: number;
}

/** A single odd row must not throw the others' work away: the step's mean gradient is never longer than this. */
const LONGEST_GRADIENT = 100;

/** @throws RangeError naming the option, its value and what was expected */
export function checkTraining(training: Training): Training {
  integerWithin("epochs", training.epochs, 1, 1000);
  integerWithin("batch", training.batch, 1, 10_000);
  positiveNumber("learningRate", numberWithin("learningRate", training.learningRate, 0, 10));
  numberWithin("proximal", training.proximal, 0, 1000);
  integerWithin("seed", training.seed, 0, 0xff_ff_ff_ff);
  return training;
}

/**
 * Stochastic gradient descent on one client's rows, the ClientUpdate of McMahan et al. 2017 (AISTATS, algorithm 1), with
 * the proximal term of Li et al. 2020 where it is asked for. The same task gives the same result to the last bit.
 * @throws RangeError when the table is empty, does not fit the shape, or training has diverged
 */
export function trainLocally({ shape, parameters, table, training }: TrainingTask): Trained {
  const network = new Network(shape);
  checkTask(network, parameters, table);
  checkTraining(training);
  const base = Float64Array.from(parameters);
  const current = Float64Array.from(base);
  const gradient = new Float64Array(base.length);
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    const order = shuffled(table.count, (training.seed + Math.imul(epoch + 1, 0x9e3779b1)) >>> 0);
    for (let start = 0; start < table.count; start += training.batch) {
      const rows = order.subarray(start, start + training.batch);
      gradient.fill(0);
      for (const row of rows) network.addGradient(current, table, row, gradient);
      step(current, base, gradient, rows.length, training);
    }
  }
  const trained = {
    delta: deltaOf(current, base),
    before: network.loss(base, table),
    after: network.loss(current, table),
  };
  if (!Number.isFinite(trained.after) || !trained.delta.every(Number.isFinite)) {
    throw new RangeError(`learningRate: training diverged with ${training.learningRate}, expected a smaller one`);
  }
  return trained;
}

function checkTask(network: Network, parameters: Float32Array, table: Table): void {
  integerWithin("number of parameters", parameters.length, network.parameterCount, network.parameterCount);
  integerWithin("rows", table.count, 1, 10_000_000);
  integerWithin("inputs", table.inputs.length, table.count * network.shape.inputs, table.count * network.shape.inputs);
}

/** One step against the mean gradient of the batch and the pull of the proximal term. */
function step(
  current: Float64Array,
  base: Float64Array,
  gradient: Float64Array,
  rows: number,
  { learningRate, proximal }: Training,
): void {
  let squares = 0;
  for (let i = 0; i < gradient.length; i++) {
    const mean = (gradient[i] as number) / rows;
    gradient[i] = mean;
    squares += mean * mean;
  }
  const rate = learningRate * Math.min(1, LONGEST_GRADIENT / Math.sqrt(squares));
  for (let i = 0; i < current.length; i++) {
    const value = current[i] as number;
    // The pull is taken implicitly, so that a strong one cannot overshoot.
    const moved = value - rate * (gradient[i] as number);
    current[i] = (moved + learningRate * proximal * (base[i] as number)) / (1 + learningRate * proximal);
  }
}

function deltaOf(current: Float64Array, base: Float64Array): Float32Array {
  return Float32Array.from(current, (value, index) => value - (base[index] as number));
}
