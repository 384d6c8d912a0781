/** From a model's sums to its answers: as they are, probability of class 1, probabilities of the classes. */
export type Link = "identity" | "logistic" | "softmax";

export const LINKS: readonly Link[] = ["identity", "logistic", "softmax"];

/** Applies it in place to `count` answers of `outputs` values. */
export function applyLink(link: Link, answers: Float64Array, count: number, outputs: number): void {
  if (link === "identity") return;
  if (link === "logistic") {
    for (let i = 0; i < count * outputs; i++) answers[i] = 1 / (1 + Math.exp(-answers[i]!));
    return;
  }
  for (let start = 0; start < count * outputs; start += outputs) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < outputs; k++) largest = Math.max(largest, answers[start + k]!);
    let sum = 0;
    for (let k = 0; k < outputs; k++) {
      const share = Math.exp(answers[start + k]! - largest);
      answers[start + k] = share;
      sum += share;
    }
    for (let k = 0; k < outputs; k++) answers[start + k]! /= sum;
  }
}
