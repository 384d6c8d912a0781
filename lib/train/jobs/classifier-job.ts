import { loadPredictor } from "../../model/predictors";
import { type Member, trainBlend } from "../blend";
import { foldsByUnit } from "../cross-validation";
import { rowsAt, type Samples, samplesAt, TrainingError } from "../data";
import { accuracy, areaUnderCurve, confusion, f1Of, macroF1 } from "../metrics";
import type { FoldReport, JobControl, ReportPoint, Trained, TrainingJob } from "./contract";
import { rowInputs, unitsOf } from "./inputs";
import { finiteOnly, namedImportances, newModel, reportOf, Steps } from "./parts";
import type { TrainingTable } from "./table";
import { classWarnings } from "./warnings";

const MOST_CLASSES = 100;
const TREES = {
  rounds: 200,
  learningRate: 0.08,
  maxLeaves: 16,
  minChildWeight: 3,
  l2: 2,
  columnShare: 0.7,
  rowShare: 0.7,
};
const NETWORK = { epochs: 30, weightDecay: 0.001 };

/**
 * Trains which class a row is of, with probabilities.
 * @throws TrainingError when the data are not fit for it
 */
export async function trainClassifierJob(
  table: TrainingTable,
  job: TrainingJob,
  control: JobControl,
): Promise<Trained> {
  const began = performance.now();
  const { targets } = table;
  if (targets === undefined) throw new TrainingError("target: a classifier needs the column of the class");
  const labels = labelsOf(targets);
  const histories = unitsOf(table, job);
  const inputs = rowInputs(histories, table.sensors, job);
  const classOf = new Map(labels.map((label, i) => [label, i]));
  const target = Float64Array.from(inputs.history, (unit, i) => {
    const place = histories[unit]?.places[inputs.row[i] as number] as number;
    return classOf.get(targets[place] as string) as number;
  });
  const samples: Samples = { features: inputs.features, target };
  const units = Array.from(inputs.history, (unit) => histories[unit]?.unit as string);
  const folds = job.folds === 0 ? [] : foldsByUnit(units, job.folds, job.seed);
  const steps = new Steps(folds.length + 1, control);
  const members = membersFor(job, labels.length);

  const judged: Judged[] = [];
  const reports: FoldReport[] = [];
  for (const [fold, { training, test }] of folds.entries()) {
    steps.step(`fold ${fold + 1} of ${folds.length}`);
    const { model } = await steps.of((part) => trainBlend(samplesAt(samples, training), members, part));
    const own = judgedBy(model, samples, test, units, labels.length);
    judged.push(...own);
    const count = new Set(Array.from(test, (row) => units[row])).size;
    reports.push({ fold: fold + 1, rows: test.length, units: count, metrics: metricsOf(own, labels.length) });
  }
  steps.step("all rows");
  const { model: document, importances } = await steps.of((part) => trainBlend(samples, members, part));
  const all = Int32Array.from(target.keys());
  const told = folds.length > 0 ? judged : judgedBy(document, samples, all, units, labels.length);
  const metrics = metricsOf(told, labels.length);
  const model = newModel({
    name: job.name,
    task: "classification",
    document,
    preprocess: inputs.preprocess,
    inputs: inputs.features.columns,
    outputs: [
      { name: "class", sensor: job.target ?? "class", role: "scores", shape: [-1, labels.length], type: "float64" },
    ],
    labels,
    metrics,
    examples: [0, all.length >> 1, all.length - 1].map((row) => rowsAt(samples.features, [row]).values),
  });
  const report = reportOf(
    table,
    job,
    {
      units: histories.length,
      options: { past: job.past },
      metrics,
      folds: reports,
      importances: namedImportances(inputs.names, importances),
      points: told,
      labels,
      confusion: confusionOf(told, labels.length),
      unit: "1",
      warnings: classWarnings(targets, job.unit === undefined ? undefined : table.units),
    },
    began,
  );
  return { model, report };
}

function labelsOf(targets: readonly string[]): string[] {
  const labels = [...new Set(targets)];
  if (labels.length < 2) throw new TrainingError(`target: expected at least two classes, got only "${labels[0]}"`);
  if (labels.length > MOST_CLASSES) {
    throw new TrainingError(
      `target: expected at most ${MOST_CLASSES} classes, got ${labels.length}: is it a number to be measured?`,
    );
  }
  const isNumeric = labels.every((label) => Number.isFinite(Number(label)));
  return isNumeric ? labels.sort((a, b) => Number(a) - Number(b)) : labels.sort();
}

function membersFor({ learner, models, seed }: TrainingJob, classes: number): Member[] {
  return Array.from({ length: models }, (_, i): Member[] => [
    { kind: "trees", weight: 1, options: { ...TREES, loss: "softmax", classes, seed: seed + i } },
    { kind: "network", weight: 1, options: { ...NETWORK, loss: "softmax", classes, seed: seed + i } },
  ])
    .flat()
    .filter(({ kind }) => learner === "both" || kind === learner);
}

/** A row as a model that did not see its unit judged it: truth and prediction are class numbers. */
interface Judged extends ReportPoint {
  /** Probability of the second class, for figures of two classes. */
  readonly second: number;
}

function judgedBy(
  document: unknown,
  { features, target }: Samples,
  rows: Int32Array,
  units: readonly string[],
  classes: number,
): Judged[] {
  const scores = loadPredictor(document).predict(rowsAt(features, rows).values, rows.length);
  return Array.from(rows, (row, i) => {
    const own = scores.subarray(i * classes, (i + 1) * classes);
    return {
      unit: units[row] as string,
      truth: target[row] as number,
      predicted: own.indexOf(Math.max(...own)),
      second: own[1] as number,
    };
  });
}

function confusionOf(judged: readonly Judged[], classes: number): number[][] {
  return confusion(
    judged.map(({ predicted }) => predicted),
    judged.map(({ truth }) => truth),
    classes,
  );
}

function metricsOf(judged: readonly Judged[], classes: number): Record<string, number> {
  const counts = confusionOf(judged, classes);
  const metrics = { accuracy: accuracy(counts), macro_f1: macroF1(counts) };
  if (classes !== 2) return finiteOnly(metrics);
  const auc = areaUnderCurve(
    judged.map(({ second }) => second),
    judged.map(({ truth }) => truth),
  );
  return finiteOnly({ ...metrics, f1: f1Of(counts, 1), auc });
}
