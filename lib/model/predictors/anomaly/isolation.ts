import type { Predictor } from "../../contract";
import type { ModelFields } from "../fields";
import { loadTrees, type TreesDocument } from "../trees";
import { type CalibrationDocument, loadCalibration } from "./calibration";

/**
 * An isolation forest (Liu, Ting and Zhou 2008) as it is stored: trees whose leaves hold the length of the path to them.
 * Answers two numbers a row: the anomaly score, 0 to 1, about 0.5 for ordinary rows, and p.
 */
export interface IsolationDocument extends Omit<TreesDocument, "kind" | "outputs" | "link" | "base"> {
  readonly kind: "isolation";
  /** Rows that each tree was grown on. */
  readonly sample: number;
  readonly calibration: CalibrationDocument;
}

const EULER = 0.5772156649015329;

/** Mean length of an unsuccessful search in a binary search tree of n nodes (Liu et al. 2008, eq. 1). */
export function searchLength(n: number): number {
  if (n <= 1) return 0;
  return n === 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n;
}

export function loadIsolation(fields: ModelFields): Predictor {
  const trees = loadTrees(fields, { outputs: 1, link: "identity", base: [0] });
  const sample = fields.integer("sample", 2, 1_000_000);
  const calibration = loadCalibration(fields);
  const count = fields.int32("roots", 1, Number.MAX_SAFE_INTEGER / 8).length;
  const usual = count * searchLength(sample);
  return {
    inputs: trees.inputs,
    outputs: 2,
    predict(batch, rows) {
      const answers = new Float64Array(2 * rows);
      trees.predict(batch, rows).forEach((paths, row) => {
        const score = 2 ** (-paths / usual);
        answers[2 * row] = score;
        answers[2 * row + 1] = calibration(score);
      });
      return answers;
    },
  };
}
