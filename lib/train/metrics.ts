/** Figures of how predictions compare with the truth. All arrays of one call are of equal length. */

/** Root of the mean squared error, in the target's unit. */
export function rmse(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  return Math.sqrt(meanOf(truth.length, (i) => (predicted[i]! - truth[i]!) ** 2));
}

/** Mean absolute error, in the target's unit. */
export function meanAbsoluteError(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  return meanOf(truth.length, (i) => Math.abs(predicted[i]! - truth[i]!));
}

/** Share of the truth's variance that is explained: 1 for perfect, 0 for no better than the mean. */
export function rSquared(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  const mean = meanOf(truth.length, (i) => truth[i]!);
  const variance = meanOf(truth.length, (i) => (truth[i]! - mean) ** 2);
  return 1 - rmse(predicted, truth) ** 2 / variance;
}

/**
 * Sum of asymmetric penalties for predicted remaining life in cycles: late predictions cost more than early ones
 * (Saxena et al. 2008, Damage propagation modeling for aircraft engine run-to-failure simulation, eq. 11).
 */
export function phm08Score(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < truth.length; i++) {
    const late = predicted[i]! - truth[i]!;
    sum += Math.expm1(late < 0 ? -late / 13 : late / 10);
  }
  return sum;
}

/** Share of the truths within the intervals. */
export function coverage(low: ArrayLike<number>, high: ArrayLike<number>, truth: ArrayLike<number>): number {
  return meanOf(truth.length, (i) => (truth[i]! >= low[i]! && truth[i]! <= high[i]! ? 1 : 0));
}

/**
 * Area under the receiver operating characteristic: the probability that a positive scores above a negative, ties half
 * (Hanley and McNeil 1982). NaN when one of the two is missing.
 * @param truth 1 for positives, 0 for negatives
 */
export function areaUnderCurve(scores: ArrayLike<number>, truth: ArrayLike<number>): number {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  let positives = 0;
  for (let begin = 0; begin < order.length; ) {
    let end = begin + 1;
    while (end < order.length && scores[order[end]!] === scores[order[begin]!]) end += 1;
    // Equal scores share the mean of their ranks, which count from 1.
    const rank = (begin + 1 + end) / 2;
    for (; begin < end; begin++) {
      if (truth[order[begin]!] !== 1) continue;
      ranks += rank;
      positives += 1;
    }
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

/** Counts by true class (row) and predicted class (column). */
export function confusion(predicted: ArrayLike<number>, truth: ArrayLike<number>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < truth.length; i++) counts[truth[i]!]![predicted[i]!]! += 1;
  return counts;
}

/** Share of right predictions. */
export function accuracy(counts: readonly (readonly number[])[]): number {
  const all = counts.flat().reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, row, k) => sum + row[k]!, 0) / all;
}

/** Harmonic mean of precision and recall of a class; 0 when it was neither there nor predicted. */
export function f1Of(counts: readonly (readonly number[])[], own: number): number {
  const hits = counts[own]![own]!;
  const there = counts[own]!.reduce((sum, count) => sum + count, 0);
  const predicted = counts.reduce((sum, row) => sum + row[own]!, 0);
  return there + predicted === 0 ? 0 : (2 * hits) / (there + predicted);
}

/** Mean of the classes' F1, each class counting alike. */
export function macroF1(counts: readonly (readonly number[])[]): number {
  return meanOf(counts.length, (k) => f1Of(counts, k));
}

function meanOf(count: number, of: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += of(i);
  return sum / count;
}
