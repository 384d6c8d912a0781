import { softmax } from "../numeric/softmax";
import { numbersOf, type Tensor } from "./tensor";

/** Step of probabilities in 8 bits: TensorFlow Lite fixes it for softmax and the logistic function (its 8-bit quantisation specification), ONNX Runtime too. */
const STEP = 1 / 256;
/** What numbers of 16 bits may miss: bfloat16 rounds each by up to 2^-9 of itself, so the sum by no more. */
const LEAST_TOLERANCE = 2 ** -8;
/** However many classes there are, so much of their sum may have been rounded away and not more. */
const MOST_TOLERANCE = 0.5;

/**
 * The probabilities that a classifier's scores are or stand for, as many as there are scores. Scores that are probabilities already
 * stay as they are; all others are logits and go through softmax. 8-bit integers are multiples of 1/256, from -128 on when signed.
 * @returns undefined for 8-bit integers that are no probabilities: of logits nobody told the scale
 */
export function classShares(scores: Tensor): Float64Array | undefined {
  const values = shareNumbers(scores);
  if (areShares(values)) return values;
  return isEightBits(scores) ? undefined : softmax(values);
}

/** The numbers, 8-bit integers taken for multiples of 1/256. */
export function shareNumbers(scores: Tensor): Float64Array {
  const values = numbersOf(scores.data);
  if (!isEightBits(scores)) return values;
  const zero = scores.type === "int8" ? -128 : 0;
  return values.map((value) => STEP * (value - zero));
}

function isEightBits({ type }: Tensor): boolean {
  return type === "int8" || type === "uint8";
}

/**
 * None below 0 or above 1, and together 1 as nearly as rounding lets them be: models of 8 bits round each share by up to half a step,
 * also when they answer in floats. Two classes may so miss 1 by 1/256, ten by 1/51, a thousand by any amount; the fewer there are, the less
 * may logits be taken for shares by chance.
 */
function areShares(values: Float64Array): boolean {
  const sum = values.reduce((total, value) => total + value, 0);
  const tolerance = Math.min(MOST_TOLERANCE, Math.max(LEAST_TOLERANCE, (values.length * STEP) / 2));
  return Math.abs(sum - 1) <= tolerance && values.every((value) => value >= 0 && value <= 1 + STEP);
}
