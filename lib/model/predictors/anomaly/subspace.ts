import type { Predictor } from "../../contract";
import type { ModelFields } from "../fields";
import { type CalibrationDocument, loadCalibration } from "./calibration";

/**
 * Principal components as they are stored. A row's distance from normal has two parts: Hotelling's T2 within the components
 * and Q, the squared distance from them (Jackson and Mudholkar 1979); both are divided by their limits and added (Yue and
 * Qin 2001, the combined index). Answers two numbers a row: that score, and p.
 */
export interface SubspaceDocument {
  readonly kind: "subspace";
  readonly inputs: number;
  /** Float64, an input. */
  readonly mean: string;
  /** Float64, an input; above 0. */
  readonly std: string;
  /** Float64, of unit length, component by component. */
  readonly components: string;
  /** Variance along each component; above 0. */
  readonly variances: readonly number[];
  /** 99 % quantiles in training; above 0. */
  readonly limitT2: number;
  readonly limitQ: number;
  readonly calibration: CalibrationDocument;
}

/** What a row is compared with. */
export interface Subspace {
  readonly mean: Float64Array;
  readonly std: Float64Array;
  readonly components: Float64Array;
  readonly variances: ArrayLike<number>;
}

/** T2 and Q of the row that begins at `start`. A missing value counts as the mean. */
export function distances(
  { mean, std, components, variances }: Subspace,
  batch: Float64Array,
  start: number,
): { t2: number; q: number } {
  const inputs = mean.length;
  const rest = new Float64Array(inputs);
  for (let i = 0; i < inputs; i++) rest[i] = (batch[start + i]! - mean[i]!) / std[i]! || 0;
  let t2 = 0;
  for (let k = 0; k < variances.length; k++) {
    let along = 0;
    for (let i = 0; i < inputs; i++) along += components[k * inputs + i]! * rest[i]!;
    // Components are at right angles, so the next is the same along what remains.
    for (let i = 0; i < inputs; i++) rest[i]! -= along * components[k * inputs + i]!;
    t2 += (along * along) / variances[k]!;
  }
  let q = 0;
  for (let i = 0; i < inputs; i++) q += rest[i]! * rest[i]!;
  return { t2, q };
}

const MAX_INPUTS = 10_000;
const MAX_COMPONENTS = 1000;

export function loadSubspace(fields: ModelFields): Predictor {
  const inputs = fields.integer("inputs", 1, MAX_INPUTS);
  const variances = fields.numbers("variances", 1, Math.min(inputs, MAX_COMPONENTS));
  const mean = fields.doubles("mean", inputs);
  const std = fields.doubles("std", inputs);
  const components = fields.doubles("components", inputs * variances.length);
  if (!std.every((value) => value > 0)) fields.fail("std", "numbers above 0");
  if (!variances.every((value) => value > 0)) fields.fail("variances", "numbers above 0");
  const limitT2 = fields.number("limitT2");
  const limitQ = fields.number("limitQ");
  if (limitT2 <= 0) fields.fail("limitT2", "a number above 0");
  if (limitQ <= 0) fields.fail("limitQ", "a number above 0");
  const calibration = loadCalibration(fields);
  const subspace: Subspace = { mean, std, components, variances };
  return {
    inputs,
    outputs: 2,
    predict(batch, rows) {
      const answers = new Float64Array(2 * rows);
      for (let row = 0; row < rows; row++) {
        const { t2, q } = distances(subspace, batch, row * inputs);
        const score = Math.min(Number.MAX_VALUE, t2 / limitT2 + q / limitQ);
        answers[2 * row] = score;
        answers[2 * row + 1] = calibration(score);
      }
      return answers;
    },
  };
}
