import { numbersOf, type Tensor } from "../inference/tensor";
import { ModelError } from "../model/contract";
import { softmax } from "../numeric/softmax";

export interface ClassScore {
  readonly label: string;
  /** Probability, 0 to 1. */
  readonly score: number;
}

/**
 * The likeliest classes from a classifier's scores, highest first. Scores that are no probabilities yet become some by softmax.
 * @throws ModelError when the output has another form
 */
export function classesOf(output: Tensor, labels: readonly string[], most: number): ClassScore[] {
  const scores = numbersOf(output.data);
  const wanted = labels.length > 0 ? labels.length : scores.length;
  if (scores.length < 1 || scores.length !== wanted) {
    throw new ModelError(`expected a classifier's output of ${wanted} scores, got [${output.shape.join(", ")}]`);
  }
  const probabilities = isDistribution(scores) ? scores : sharesOf(scores);
  return Array.from(probabilities, (score, i) => ({ label: labels[i] ?? `class ${i}`, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, most);
}

function isDistribution(scores: Float64Array): boolean {
  const sum = scores.reduce((total, score) => total + score, 0);
  return Math.abs(sum - 1) < 1e-3 && scores.every((score) => score >= 0);
}

function sharesOf(scores: Float64Array): Float64Array {
  const shares = softmax(scores);
  if (shares.some(Number.isNaN)) throw new ModelError("the classifier's scores are no numbers");
  return shares;
}
