import {
  type IsolationDocument,
  loadPredictor,
  type RarityDocument,
  type SubspaceDocument,
} from "../../model/predictors";
import { calibrationOf } from "../../model/predictors/anomaly/calibration";
import { rarityOf } from "../../model/predictors/anomaly/rarity";
import { ISOLATION_DEFAULTS, trainIsolation, trainSubspace } from "../anomaly";
import { calibrated } from "../anomaly/calibrate";
import { foldsByUnit } from "../cross-validation";
import { type Matrix, rowsAt, type TrainingControl, TrainingError } from "../data";
import { areaUnderCurve, confusion, f1Of } from "../metrics";
import type { FoldReport, JobControl, ReportPoint, Trained, TrainingJob } from "./contract";
import { rowInputs, unitsOf } from "./inputs";
import { type Known, normalRows, USUALLY_NORMAL } from "./normal-rows";
import { finiteOnly, newModel, reportOf, Steps } from "./parts";
import type { TrainingTable } from "./table";
import { normalWarnings } from "./warnings";

/** What is rarer than one normal row in a hundred is an anomaly. */
const THRESHOLD = 2;
const FEWEST_ROWS = 50;

type Member = IsolationDocument | SubspaceDocument;

/**
 * Trains how rare a row is among normal ones, without examples of what is unusual: -log10 of the probability that a normal row is
 * as far out. Rows that are known as anomalies are not learned from; they test.
 * @throws TrainingError when the data are not fit for it
 */
export async function trainAnomalyJob(table: TrainingTable, job: TrainingJob, control: JobControl): Promise<Trained> {
  const began = performance.now();
  const histories = unitsOf(table, job);
  const inputs = rowInputs(histories, table.sensors, job);
  const { features } = inputs;
  const { targets } = table;
  const labelled = targets && normalRows(targets, job);
  const known = Array.from(inputs.history, (unit, i): Known => {
    const place = histories[unit]?.places[inputs.row[i] as number] as number;
    return labelled ? labelled.of(targets?.[place] as string) : "normal";
  });
  const all = Int32Array.from(known.keys());
  const normalOf = (rows: Int32Array): Int32Array => rows.filter((row) => known[row] === "normal");
  const normal = normalOf(all);
  if (normal.length < FEWEST_ROWS) throw new TrainingError(fewText(normal.length, job, labelled?.labels));
  const units = Array.from(inputs.history, (unit) => histories[unit]?.unit as string);
  const folds = job.folds === 0 ? [] : foldsByUnit(units, job.folds, job.seed);
  const steps = new Steps(folds.length + 1, control);
  const trainOn = (rows: Int32Array) => steps.of((part) => trainMembers(rowsAt(features, rows), job, part));

  const unseen: Float64Array[] = [];
  for (const [fold, { training, test }] of folds.entries()) {
    steps.step(`fold ${fold + 1} of ${folds.length}`);
    const scores = scoresOf(await trainOn(normalOf(training)), rowsAt(features, test));
    scores.forEach((own, k) => {
      unseen[k] ??= new Float64Array(all.length);
      for (const [i, row] of test.entries()) unseen[k][row] = own[i] as number;
    });
  }
  steps.step("all normal rows");
  const trained = await trainOn(normal);
  const scores = folds.length > 0 ? unseen : scoresOf(trained, features);
  const members = trained.map((member, k) => ({ ...member, calibration: calibrationFrom(scores, k, normal) }));
  const document: RarityDocument = { kind: "rarity", inputs: features.columns, members };

  const judge = (rows: Int32Array, others: Int32Array): ReportPoint[] => {
    const chances = scores.map((_, k) => calibrationOf(calibrationFrom(scores, k, normalOf(others))));
    const judged = rows.filter((row) => known[row] !== undefined);
    return Array.from(judged, (row) => ({
      unit: units[row] as string,
      truth: known[row] === "normal" ? 0 : 1,
      predicted: rarityOf(chances.map((chance, k) => chance(scores[k]?.[row] as number))),
    }));
  };
  // A fold's p comes from the scores of the other folds, so that the share of false alarms that is told is an honest one.
  const judged = folds.map(({ training, test }) => judge(test, training));
  const points = folds.length > 0 ? judged.flat() : judge(all, all);
  const metrics = metricsOf(points);
  const model = newModel({
    name: job.name,
    task: "anomaly",
    document,
    preprocess: inputs.preprocess,
    inputs: features.columns,
    outputs: [{ name: "score", sensor: "anomaly_score", unit: "1", role: "value", shape: [-1, 1], type: "float64" }],
    metrics,
    examples: [0, normal.length - 1].map((i) => rowsAt(features, [normal[i] as number]).values),
  });
  const report = reportOf(
    table,
    job,
    {
      units: histories.length,
      options: { past: job.past },
      metrics,
      folds: judged.map(foldReport),
      importances: [],
      points,
      unit: "1",
      notes: [...(labelled?.notes ?? []), `scores above ${THRESHOLD} are unusual: one normal row in a hundred`],
      warnings: [...normalWarnings(normal.length), ...(labelled?.warnings ?? [])],
    },
    began,
  );
  return { model, report };
}

function fewText(normal: number, { target, normal: said }: TrainingJob, labels: string | undefined): string {
  const few = `expected at least ${FEWEST_ROWS} normal rows, got ${normal}`;
  if (labels === undefined) return few;
  const which = said.length > 0 ? said.join(", ") : `${USUALLY_NORMAL}, for nobody said which`;
  return `${few}: the labels of ${target} are ${labels}, and normal are ${which}; name the labels of normal rows, as --normal or under Normal is`;
}

async function trainMembers(
  rows: Matrix,
  { learner, models, seed }: TrainingJob,
  control: TrainingControl,
): Promise<Member[]> {
  const members: Member[] = [];
  if (learner !== "components") {
    members.push(await trainIsolation(rows, { trees: models * ISOLATION_DEFAULTS.trees, seed }, control));
  }
  if (learner !== "isolation") members.push(trainSubspace(rows));
  return members;
}

/** Each member's score of each row, on a scale of its own. */
function scoresOf(members: readonly Member[], rows: Matrix): Float64Array[] {
  return members.map((member) => {
    const answers = loadPredictor(member).predict(rows.values, rows.rows);
    return answers.filter((_, i) => i % 2 === 0);
  });
}

/** What a member's scores mean, from those of some rows: such as it has not seen, as rows to come will be. */
function calibrationFrom(
  scores: readonly Float64Array[],
  member: number,
  rows: Int32Array,
): ReturnType<typeof calibrated> {
  return calibrated(Float64Array.from(rows, (row) => scores[member]?.[row] as number));
}

function foldReport(points: readonly ReportPoint[], i: number): FoldReport {
  const units = new Set(points.map(({ unit }) => unit)).size;
  return { fold: i + 1, rows: points.length, units, metrics: metricsOf(points) };
}

/** Found, F1 and area under the curve are told where there are known anomalies. */
function metricsOf(points: readonly ReportPoint[]): Record<string, number> {
  const truth = points.map((point) => point.truth);
  const called = points.map(({ predicted }) => (predicted > THRESHOLD ? 1 : 0));
  const counts = confusion(called, truth, 2);
  const [normal = [], anomalies = []] = counts;
  const scores = points.map(({ predicted }) => predicted);
  return finiteOnly({
    threshold: THRESHOLD,
    false_alarms: shareCalled(normal),
    found: shareCalled(anomalies),
    f1: truth.includes(1) ? f1Of(counts, 1) : Number.NaN,
    auc: areaUnderCurve(scores, truth),
  });
}

/** NaN of none. */
function shareCalled([passed = 0, called = 0]: readonly number[]): number {
  return called / (passed + called);
}
