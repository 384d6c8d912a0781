import { median } from "../numeric/sorted-window";

/** One client's part in a round. */
export interface Contribution {
  readonly client: string;
  readonly delta: Float32Array;
  /** Above 0: as a rule the number of rows it was trained on. */
  readonly weight: number;
}

/** Rules by which clients' deltas become one. */
export type AggregateRule = "mean" | "median" | "trimmed";

/** Euclidean length. */
export function norm2(vector: ArrayLike<number>): number {
  return Math.sqrt(sumOf(vector, (value) => value * value));
}

/** Sum of magnitudes. */
export function norm1(vector: ArrayLike<number>): number {
  return sumOf(vector, Math.abs);
}

/**
 * The vector, shortened to the bound when it is longer; rounded towards zero, so that not even rounding exceeds the bound, on
 * which the privacy rests.
 */
export function clipped(
  vector: Float32Array,
  bound: number,
  norm: (vector: ArrayLike<number>) => number,
): Float32Array {
  const length = norm(vector);
  if (length <= bound) return vector;
  let factor = bound / length;
  for (;;) {
    const by = factor;
    const shorter = vector.map((value) => value * by);
    if (norm(shorter) <= bound) return shorter;
    factor *= 1 - 2 ** -23;
  }
}

/** Clients in the order of their names: sums of floating numbers depend on it, and a result must not depend on arrival. */
export function inOrder(contributions: readonly Contribution[]): Contribution[] {
  return [...contributions].sort((a, b) => (a.client < b.client ? -1 : 1));
}

/** Sum of the deltas, each times its weight. */
export function weightedSum(
  contributions: readonly Contribution[],
  weightOf: (one: Contribution) => number,
): Float64Array {
  const sum = new Float64Array(contributions[0]?.delta.length ?? 0);
  for (const one of inOrder(contributions)) {
    const weight = weightOf(one);
    const { delta } = one;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (delta[i] as number);
  }
  return sum;
}

/** Federated averaging: the mean of the deltas, weighted (McMahan et al. 2017, AISTATS, algorithm 1). */
export function weightedMean(contributions: readonly Contribution[]): Float64Array {
  const total = inOrder(contributions).reduce((sum, { weight }) => sum + weight, 0);
  return weightedSum(contributions, ({ weight }) => weight).map((value) => value / total);
}

/**
 * Each coordinate's median over the clients, all counting the same: fewer than half of them cannot move it beyond what the
 * honest ones sent (Yin et al. 2018, ICML, definition 1).
 */
export function coordinateMedian(contributions: readonly Contribution[]): Float64Array {
  return perCoordinate(contributions, median);
}

/**
 * Each coordinate's mean over the clients without the largest and the smallest share of them, all counting the same (Yin et
 * al. 2018, definition 2). Of few clients at least one is left out at each end, or the rule would protect nobody.
 * @param share from 0 to below 0.5, at each end
 */
export function trimmedMean(contributions: readonly Contribution[], share: number): Float64Array {
  const most = Math.floor((contributions.length - 1) / 2);
  const left = share === 0 ? 0 : Math.min(most, Math.max(1, Math.floor(share * contributions.length)));
  return perCoordinate(contributions, (values) => {
    const kept = values.toSorted((a, b) => a - b).slice(left, values.length - left);
    return kept.reduce((sum, value) => sum + value, 0) / kept.length;
  });
}

function perCoordinate(
  contributions: readonly Contribution[],
  rule: (values: readonly number[]) => number,
): Float64Array {
  const result = new Float64Array(contributions[0]?.delta.length ?? 0);
  for (let i = 0; i < result.length; i++) result[i] = rule(contributions.map(({ delta }) => delta[i] as number));
  return result;
}

/** Compensated (Neumaier 1974, ZAMM 54:39): the bounds must hold for vectors of any length. */
function sumOf(vector: ArrayLike<number>, part: (value: number) => number): number {
  let sum = 0;
  let rest = 0;
  for (let i = 0; i < vector.length; i++) {
    const value = part(vector[i] as number);
    const next = sum + value;
    rest += sum >= value ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + rest;
}
