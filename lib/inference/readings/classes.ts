import { ModelError, type ModelManifest, type ModelOutput } from "../../model/contract";
import { classShares, shareNumbers } from "../class-shares";
import { numbersOf, type Tensor, type Tensors } from "../tensor";

/** The class that a model decides for. */
export interface Decision {
  readonly label: string;
  /** Of every class, in the order of the labels; undefined when the model's answer does not tell them. */
  readonly probabilities?: readonly number[];
}

/** The model gave a number that decides for no class: NaN, or what overflowed to Infinity. */
export interface Undecided {
  readonly answered: number;
}

/**
 * The decision on one sample. Scores that are no probabilities are taken as logits: softmax for several, the logistic function
 * for a single one, which is then the second class's.
 * @throws ModelError when there are not as many scores as labels
 */
export function decisionOf({ outputs, labels }: ModelManifest, answers: Tensors): Decision | Undecided {
  const scores = outputs.find(({ role }) => role === "scores") ?? outputs.find((output) => isScores(output));
  const label = outputs.find(({ role }) => role === "label");
  if (scores) return decided(answers.get(scores.name) as Tensor, labels, scores);
  const only = label ?? outputs[0];
  const answer = only && answers.get(only.name)?.data[0];
  if (answer === undefined) throw new ModelError("the model gave no label");
  if (typeof answer === "number" && !Number.isFinite(answer)) return { answered: answer };
  return { label: typeof answer === "string" ? answer : (labels?.[Number(answer)] ?? String(answer)) };
}

/** Models of scikit-learn give a label as text or int64, then the scores. */
function isScores({ role, type }: ModelOutput): boolean {
  return role === undefined && ["float32", "float64", "int8", "uint8"].includes(type);
}

function decided(answer: Tensor, labels: readonly string[] | undefined, output: ModelOutput): Decision | Undecided {
  const scores = numbersOf(answer.data);
  const probabilities = probabilitiesOf(answer);
  const shares = probabilities ?? scores;
  if (labels && labels.length !== shares.length) {
    throw new ModelError(`output "${output.name}" has ${shares.length} scores for ${labels.length} labels`);
  }
  // Every comparison with NaN is false, so that the first class would win. One of -Infinity alone is a class that is ruled out.
  const broken = scores.find((score) => Number.isNaN(score) || score === Number.POSITIVE_INFINITY);
  if (broken !== undefined) return { answered: broken };
  if (scores.every((score) => score === Number.NEGATIVE_INFINITY)) return { answered: Number.NEGATIVE_INFINITY };
  let best = 0;
  for (let i = 1; i < shares.length; i++) if ((shares[i] as number) > (shares[best] as number)) best = i;
  return { label: labels?.[best] ?? String(best), probabilities };
}

function probabilitiesOf(answer: Tensor): readonly number[] | undefined {
  if (answer.data.length !== 1) {
    const shares = classShares(answer);
    return shares && Array.from(shares);
  }
  const [score] = shareNumbers(answer) as unknown as [number];
  const share = score >= 0 && score <= 1 ? score : 1 / (1 + Math.exp(-score));
  return [1 - share, share];
}
