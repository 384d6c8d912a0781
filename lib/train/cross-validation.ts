import type { Predictor } from "../model/contract";
import { rowsAt, type Samples, samplesAt, TrainingError } from "./data";
import { seededRandom } from "./random";

/** Places of the rows that a model is fitted on, and of those that it is judged on. */
export interface Fold {
  readonly training: Int32Array;
  readonly test: Int32Array;
}

/**
 * Divides rows into folds by the unit they come from: no unit is in the training and the test rows of the same fold, because
 * rows of one unit resemble each other and would flatter the model. Folds have about as many rows as each other.
 * @param units the unit of each row
 * @throws TrainingError when there are fewer units than folds
 */
export function foldsByUnit(units: readonly string[], folds: number, seed: number): Fold[] {
  const rows = new Map<string, number[]>();
  units.forEach((unit, row) => {
    const own = rows.get(unit);
    if (own) own.push(row);
    else rows.set(unit, [row]);
  });
  if (!Number.isInteger(folds) || folds < 2) throw new RangeError(`folds: expected 2 or more, got ${folds}`);
  if (rows.size < folds) {
    throw new TrainingError(`expected at least as many units as the ${folds} folds, got ${rows.size}`);
  }
  const random = seededRandom(seed);
  // Roughly the largest first, each to the fold that has fewest rows.
  const ordered = [...rows.values()]
    .map((own) => ({ own, rank: own.length * (0.5 + random.uniform()) }))
    .sort((a, b) => b.rank - a.rank);
  const tests = Array.from({ length: folds }, (): number[] => []);
  for (const { own } of ordered) {
    const fewest = tests.reduce((least, test) => (test.length < least.length ? test : least));
    fewest.push(...own);
  }
  return tests.map((test) => {
    const isTest = new Uint8Array(units.length);
    for (const row of test) isTest[row] = 1;
    const all = Int32Array.from(units.keys());
    return { training: all.filter((row) => isTest[row] === 0), test: all.filter((row) => isTest[row] === 1) };
  });
}

/** What a model that never saw a row's unit says of it: one answer a row, in the order of the samples. */
export interface OutOfFold {
  readonly outputs: number;
  readonly predictions: Float64Array;
}

/**
 * Fits one model a fold, and predicts each row by the one that did not see its unit.
 * @param train gives the model of some samples; `fold` counts from 0
 */
export async function crossValidate(
  samples: Samples,
  folds: readonly Fold[],
  train: (training: Samples, fold: number) => Promise<Predictor>,
): Promise<OutOfFold> {
  let outputs = 0;
  let predictions = new Float64Array(0);
  for (const [fold, { training, test }] of folds.entries()) {
    const predictor = await train(samplesAt(samples, training), fold);
    if (outputs === 0) {
      outputs = predictor.outputs;
      predictions = new Float64Array(samples.target.length * outputs).fill(Number.NaN);
    }
    const answers = predictor.predict(rowsAt(samples.features, test).values, test.length);
    test.forEach((row, i) => {
      predictions.set(answers.subarray(i * outputs, (i + 1) * outputs), row * outputs);
    });
  }
  return { outputs, predictions };
}
