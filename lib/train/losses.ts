import { type Samples, TrainingError } from "./data";

export type LossName = "squared" | "huber" | "pinball" | "logistic" | "softmax";

/**
 * What boosting minimises. Scores are the sums of the trees' values: the prediction itself for regressions, the
 * logarithm of the odds for the logistic loss, unnormalised logarithms of probabilities, one a class, for softmax.
 * Arrays of scores, gradients and hessians hold class after class, each of all rows.
 */
export interface Loss {
  readonly name: LossName;
  /** Trees in a round: 1, or the number of classes. */
  readonly outputs: number;
  /** The best constant scores. */
  start(samples: Samples): Float64Array;
  /** First and second derivatives by the score, times the weight. */
  derivatives(samples: Samples, scores: Float64Array, gradient: Float64Array, hessian: Float64Array): void;
  /** Weighted mean of the loss. */
  mean(samples: Samples, scores: Float64Array): number;
  /** For losses without curvature: a leaf's value is this quantile of its residuals (Friedman 2001, section 4.3). */
  readonly leafQuantile?: number;
}

/** Smallest second derivative, so that a leaf of certain samples has a finite value. */
const MIN_HESSIAN = 1e-16;

const weightOf = (samples: Samples, row: number): number => samples.weights?.[row] ?? 1;

function meanOver(samples: Samples, lossAt: (row: number) => number): number {
  let sum = 0;
  let weights = 0;
  for (let row = 0; row < samples.target.length; row++) {
    const weight = weightOf(samples, row);
    if (weight === 0) continue;
    sum += weight * lossAt(row);
    weights += weight;
  }
  return sum / weights;
}

/** Losses of the residual alone, r = target - score: its derivative by the score is -slope(r), its curvature is taken as 1. */
function residualLoss(
  name: LossName,
  parts: {
    start(samples: Samples): number;
    slope(residual: number): number;
    loss(residual: number): number;
    leafQuantile?: number;
  },
): Loss {
  return {
    name,
    outputs: 1,
    ...(parts.leafQuantile === undefined ? {} : { leafQuantile: parts.leafQuantile }),
    start: (samples) => Float64Array.of(parts.start(samples)),
    derivatives(samples, scores, gradient, hessian) {
      const { target } = samples;
      for (let row = 0; row < target.length; row++) {
        const weight = weightOf(samples, row);
        gradient[row] = -weight * parts.slope(target[row]! - scores[row]!);
        hessian[row] = weight;
      }
    },
    mean: (samples, scores) => meanOver(samples, (row) => parts.loss(samples.target[row]! - scores[row]!)),
  };
}

const squared = (): Loss =>
  residualLoss("squared", {
    start: (samples) => meanOver(samples, (row) => samples.target[row]!),
    slope: (residual) => residual,
    loss: (residual) => residual * residual,
  });

/** Huber 1964: squared up to `delta`, linear beyond. */
const huber = (delta: number): Loss =>
  residualLoss("huber", {
    start: (samples) => weightedQuantile(samples.target, samples.weights, 0.5),
    slope: (residual) => Math.max(-delta, Math.min(delta, residual)),
    loss(residual) {
      const size = Math.abs(residual);
      return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
    },
  });

/** Koenker and Bassett 1978: its minimiser is the quantile at `level`. */
const pinball = (level: number): Loss =>
  residualLoss("pinball", {
    start: (samples) => weightedQuantile(samples.target, samples.weights, level),
    slope: (residual) => (residual > 0 ? level : residual < 0 ? level - 1 : 0),
    loss: (residual) => (residual > 0 ? level * residual : (level - 1) * residual),
    leafQuantile: level,
  });

export const sigmoid = (score: number): number => 1 / (1 + Math.exp(-score));

/** Friedman 2001, section 4.5. */
const logistic = (): Loss => ({
  name: "logistic",
  outputs: 1,
  start(samples) {
    const share = meanOver(samples, (row) => samples.target[row]!);
    const within = Math.min(1 - 1e-12, Math.max(1e-12, share));
    return Float64Array.of(Math.log(within / (1 - within)));
  },
  derivatives(samples, scores, gradient, hessian) {
    for (let row = 0; row < samples.target.length; row++) {
      const weight = weightOf(samples, row);
      const p = sigmoid(scores[row]!);
      gradient[row] = weight * (p - samples.target[row]!);
      hessian[row] = weight * Math.max(MIN_HESSIAN, p * (1 - p));
    }
  },
  mean: (samples, scores) =>
    meanOver(samples, (row) => {
      const score = scores[row]!;
      // log(1 + e^s) - y s, written so that nothing overflows.
      return Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - samples.target[row]! * score;
    }),
});

/** Friedman 2001, section 4.6, with the diagonal of the hessian. */
const softmax = (classes: number): Loss => ({
  name: "softmax",
  outputs: classes,
  start(samples) {
    const counts = new Float64Array(classes);
    for (let row = 0; row < samples.target.length; row++) counts[samples.target[row]!]! += weightOf(samples, row);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => Math.log(Math.max(count / total, 1e-12)));
  },
  derivatives(samples, scores, gradient, hessian) {
    const rows = samples.target.length;
    for (let row = 0; row < rows; row++) {
      const weight = weightOf(samples, row);
      const offset = logSumExp(scores, row, rows, classes);
      for (let k = 0, at = row; k < classes; k++, at += rows) {
        const p = Math.exp(scores[at]! - offset);
        gradient[at] = weight * (p - (samples.target[row] === k ? 1 : 0));
        hessian[at] = weight * Math.max(MIN_HESSIAN, p * (1 - p));
      }
    }
  },
  mean(samples, scores) {
    const rows = samples.target.length;
    return meanOver(
      samples,
      (row) => logSumExp(scores, row, rows, classes) - scores[row + samples.target[row]! * rows]!,
    );
  },
});

function logSumExp(scores: Float64Array, row: number, rows: number, classes: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0, at = row; k < classes; k++, at += rows) largest = Math.max(largest, scores[at]!);
  let sum = 0;
  for (let k = 0, at = row; k < classes; k++, at += rows) sum += Math.exp(scores[at]! - largest);
  return largest + Math.log(sum);
}

/** Smallest value that at least `level` of the weight is at or below. */
export function weightedQuantile(values: Float64Array, weights: Float64Array | undefined, level: number): number {
  if (weights === undefined) {
    return values.slice().sort()[Math.max(0, Math.ceil(level * values.length) - 1)] ?? 0;
  }
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  const weight = (place: number): number => weights[place]!;
  const total = order.reduce((sum, place) => sum + weight(place), 0);
  let below = 0;
  for (const place of order) {
    below += weight(place);
    if (below >= level * total) return values[place]!;
  }
  return values[order.at(-1) ?? 0] ?? 0;
}

export interface LossOptions {
  readonly loss: LossName;
  readonly quantile: number;
  readonly delta: number;
  readonly classes: number;
}

export function lossOf({ loss, quantile, delta, classes }: LossOptions): Loss {
  switch (loss) {
    case "squared":
      return squared();
    case "huber":
      return huber(delta);
    case "pinball":
      return pinball(quantile);
    case "logistic":
      return logistic();
    case "softmax":
      return softmax(classes);
    default:
      throw new RangeError(`loss: unknown loss "${loss satisfies never}"`);
  }
}

/** @throws TrainingError when the target is none for the loss */
export function checkTarget({ target }: Samples, { loss, classes }: Pick<LossOptions, "loss" | "classes">): void {
  if (loss !== "logistic" && loss !== "softmax") return;
  const count = loss === "logistic" ? 2 : classes;
  const wrong = target.findIndex((value) => !Number.isInteger(value) || value < 0 || value >= count);
  if (wrong < 0) return;
  throw new TrainingError(`row ${wrong + 1}: expected a class number from 0 to ${count - 1}, got ${target[wrong]}`);
}
