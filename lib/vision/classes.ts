import { classShares } from "../inference/class-shares";
import type { Tensor } from "../inference/tensor";
import { ModelError } from "../model/contract";

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
  const found = output.data.length;
  const wanted = labels.length > 0 ? labels.length : found;
  if (found < 1 || found !== wanted) {
    throw new ModelError(`expected a classifier's output of ${wanted} scores, got [${output.shape.join(", ")}]`);
  }
  return Array.from(sharesOf(output), (score, i) => ({ label: labels[i] ?? `class ${i}`, score }))
    .sort((a, b) => b.score - a.score)
    .slice(0, most);
}

function sharesOf(output: Tensor): Float64Array {
  const shares = classShares(output);
  if (!shares) {
    throw new ModelError(
      "the classifier's 8-bit scores are no probabilities: export the model with softmax as its last step, or with outputs in float32",
    );
  }
  if (shares.some(Number.isNaN)) throw new ModelError("the classifier's scores are no numbers");
  return shares;
}
