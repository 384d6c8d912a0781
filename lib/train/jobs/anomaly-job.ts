import { loadPredictor } from "../../model/predictors";
import { quantile } from "../../numeric/sorted-window";
import { type Member, trainBlend } from "../blend";
import { foldsByUnit } from "../cross-validation";
import { type Matrix, rowsAt, type Samples, TrainingError } from "../data";
import { areaUnderCurve } from "../metrics";
import { type Random, seededRandom } from "../random";
import type { FoldReport, JobControl, ReportPoint, Trained, TrainingJob } from "./contract";
import { rowInputs, unitsOf } from "./inputs";
import { finiteOnly, namedImportances, newModel, Steps, sampledPoints } from "./parts";
import type { TrainingTable } from "./table";

const TREES = {
  rounds: 150,
  learningRate: 0.1,
  maxLeaves: 24,
  minChildWeight: 5,
  l2: 2,
  rowShare: 0.7,
  loss: "logistic",
} as const;
/** The box of values that never were is wider than that of the data by this share on each side. */
const WIDER = 0.5;
/** Share of normal rows that is called normal. */
const NORMAL_SHARE = 0.99;
const NORMAL_WORDS = new Set(["0", "0.0", "false", "no", "normal", "good", "ok"]);

/**
 * Trains how unusual a row is, from 0 to 1, without examples of what is unusual: trees learn to tell normal rows from rows whose
 * sensors were shuffled against each other, and from rows drawn over a wider range (unsupervised as supervised learning, Hastie,
 * Tibshirani and Friedman 2009, section 14.2.4). Rows that are known as anomalies are not learned from; they test.
 * @throws TrainingError when the data are not fit for it
 */
export async function trainAnomalyJob(table: TrainingTable, job: TrainingJob, control: JobControl): Promise<Trained> {
  const began = performance.now();
  const histories = unitsOf(table, job);
  const inputs = rowInputs(histories, table.sensors, job);
  const { features } = inputs;
  const isAnomaly = Uint8Array.from(inputs.history, (unit, i) => {
    const place = histories[unit]?.places[inputs.row[i] as number] as number;
    return table.targets === undefined || NORMAL_WORDS.has((table.targets[place] as string).toLowerCase()) ? 0 : 1;
  });
  const normal = Int32Array.from(isAnomaly.keys()).filter((row) => isAnomaly[row] === 0);
  if (normal.length < 50) throw new TrainingError(`expected at least 50 normal rows, got ${normal.length}`);
  const units = Array.from(inputs.history, (unit) => histories[unit]?.unit as string);
  const folds = job.folds === 0 ? [] : foldsByUnit(units, job.folds, job.seed);
  const steps = new Steps(folds.length + 1, control);
  const members = membersFor(job);
  const trainOn = (rows: Int32Array) =>
    steps.of((part) => trainBlend(againstNothing(rowsAt(features, rows), job.seed), members, part));

  const scored: Scored[] = [];
  const ends: number[] = [];
  for (const [fold, { training, test }] of folds.entries()) {
    steps.step(`fold ${fold + 1} of ${folds.length}`);
    const { model } = await trainOn(training.filter((row) => isAnomaly[row] === 0));
    scored.push(...scoredBy(model, features, test, units, isAnomaly));
    ends.push(scored.length);
  }
  steps.step("all normal rows");
  const { model: document, importances } = await trainOn(normal);
  const all = Int32Array.from(isAnomaly.keys());
  const told = folds.length > 0 ? scored : scoredBy(document, features, all, units, isAnomaly);
  const threshold = thresholdOf(told);
  const metrics = metricsOf(told, threshold);
  const reports = ends.map((end, i): FoldReport => {
    const own = scored.slice(ends[i - 1] ?? 0, end);
    return {
      fold: i + 1,
      rows: own.length,
      units: new Set(own.map(({ unit }) => unit)).size,
      metrics: metricsOf(own, threshold),
    };
  });
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
  return {
    model,
    report: {
      task: "anomaly",
      name: job.name,
      rows: table.values.rows,
      units: histories.length,
      sensors: table.sensors,
      options: {
        target: job.target,
        past: job.past,
        folds: folds.length,
        models: job.models,
        learner: job.learner,
        seed: job.seed,
      },
      metrics,
      folds: reports,
      importances: namedImportances(inputs.names, importances),
      points: sampledPoints(told),
      unit: "1",
      notes: [...table.notes, `scores above ${threshold.toPrecision(3)} are unusual: one normal row in a hundred`],
      seconds: (performance.now() - began) / 1000,
    },
  };
}

function membersFor({ learner, models, seed }: TrainingJob): Member[] {
  return Array.from({ length: models }, (_, i): Member[] => [
    { kind: "trees", weight: 2, options: { ...TREES, seed: seed + i } },
    { kind: "network", weight: 1, options: { loss: "logistic", epochs: 30, seed: seed + i } },
  ])
    .flat()
    .filter(({ kind }) => learner === "both" || kind === learner);
}

/** Normal rows as 0, and as many that never were as 1: half of them shuffled, half drawn from a wider box. */
function againstNothing(normal: Matrix, seed: number): Samples {
  const random = seededRandom(seed);
  const { rows, columns } = normal;
  const values = new Float64Array(2 * rows * columns);
  values.set(normal.values);
  for (let column = 0; column < columns; column++) {
    const { low, high } = rangeOf(normal, column);
    for (let row = 0; row < rows; row++) {
      values[(rows + row) * columns + column] =
        row % 2 === 0 ? valueOfAnother(normal, column, random) : low + random.uniform() * (high - low);
    }
  }
  const target = new Float64Array(2 * rows).fill(1, rows);
  return { features: { rows: 2 * rows, columns, values }, target };
}

function valueOfAnother({ rows, columns, values }: Matrix, column: number, random: Random): number {
  return values[random.below(rows) * columns + column] as number;
}

function rangeOf({ rows, columns, values }: Matrix, column: number): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < rows; row++) {
    const value = values[row * columns + column] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 0 };
  const margin = WIDER * (high - low);
  return { low: low - margin, high: high + margin };
}

/** The truth is 1 for anomalies. */
type Scored = ReportPoint;

function scoredBy(
  document: unknown,
  features: Matrix,
  rows: Int32Array,
  units: readonly string[],
  isAnomaly: Uint8Array,
): Scored[] {
  const scores = loadPredictor(document).predict(rowsAt(features, rows).values, rows.length);
  return Array.from(rows, (row, i) => ({
    unit: units[row] as string,
    truth: isAnomaly[row] as number,
    predicted: scores[i] as number,
  }));
}

function thresholdOf(scored: readonly Scored[]): number {
  const normal = scored.filter(({ truth }) => truth === 0).map(({ predicted }) => predicted);
  return quantile(
    normal.sort((a, b) => a - b),
    NORMAL_SHARE,
  );
}

function metricsOf(scored: readonly Scored[], threshold: number): Record<string, number> {
  const normal = scored.filter(({ truth }) => truth === 0);
  const anomalies = scored.filter(({ truth }) => truth === 1);
  const above = (points: readonly Scored[]): number => points.filter(({ predicted }) => predicted > threshold).length;
  const auc = areaUnderCurve(
    scored.map(({ predicted }) => predicted),
    scored.map(({ truth }) => truth),
  );
  return finiteOnly({
    threshold,
    false_alarms: above(normal) / normal.length,
    found: above(anomalies) / anomalies.length,
    auc,
  });
}
