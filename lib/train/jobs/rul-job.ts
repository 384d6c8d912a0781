import { loadPredictor, type TreesDocument } from "../../model/predictors";
import { type EngineeredSpec, inputNames } from "../../model/preprocess";
import { quantile } from "../../numeric/sorted-window";
import { type Member, trainBlend } from "../blend";
import { foldsByUnit } from "../cross-validation";
import { type Samples, type TrainingControl, TrainingError } from "../data";
import { trainTrees } from "../gbdt";
import { coverage, meanAbsoluteError, phm08Score, rmse, rSquared } from "../metrics";
import { inputsOf } from "../preprocess";
import { rulMembers, rulSamples } from "../rul";
import type { FoldReport, JobControl, ReportPoint, Trained, TrainingJob } from "./contract";
import { namedImportances, newModel, Steps, sampledPoints } from "./parts";
import { historiesOf, type TrainingTable, type UnitHistory } from "./table";

/** Ends of the 90 % interval. */
const ENDS = [0.05, 0.95] as const;
const INTERVAL_TREES = {
  loss: "pinball",
  rounds: 150,
  learningRate: 0.05,
  maxLeaves: 12,
  minChildWeight: 30,
  l2: 5,
} as const;
/** A unit needs a past before its figures mean something. */
const FEWEST_ROWS = 10;
/** Sets of models: the expected life, and the two ends of its interval. */
const SETS = 3;

/** Value and ends, as one model. */
interface RulModels {
  readonly preprocess: EngineeredSpec;
  readonly document: { readonly kind: "together"; readonly inputs: number; readonly members: readonly unknown[] };
  readonly importances: Float64Array;
}

interface Answer extends ReportPoint {
  readonly low: number;
  readonly high: number;
}

/**
 * Trains remaining useful life in hours with a 90 % interval: the expected life by a blend of boosted trees and small networks, its
 * ends by trees for the quantiles, widened or narrowed to what held in cross-validation (conformalised quantile regression, Romano,
 * Patterson and Candès 2019).
 * @throws TrainingError when the data are not fit for it
 */
export async function trainRulJob(table: TrainingTable, job: TrainingJob, control: JobControl): Promise<Trained> {
  const began = performance.now();
  const { lives, notes } = livesOf(table, job);
  const cap = job.cap ?? usualCap(lives.map(({ remaining }) => remaining));
  const folds =
    job.folds === 0
      ? []
      : foldsByUnit(
          lives.map(({ history }) => history.unit),
          job.folds,
          job.seed,
        );
  const steps = new Steps((folds.length + 1) * SETS, control);
  const answers: Answer[][] = [];
  for (const [fold, { training, test }] of folds.entries()) {
    steps.step(`fold ${fold + 1} of ${folds.length}`);
    const seen = Array.from(training, (i) => lives[i] as Life);
    const models = await trainModels(seen, table.sensors, job, cap, steps);
    answers.push(Array.from(test).flatMap((i) => answersOf(models, lives[i] as Life, cap)));
  }
  steps.step("all units");
  const models = await trainModels(lives, table.sensors, job, cap, steps);
  const tested = answers.map((own, fold) => {
    // Each fold's intervals are set right by the other folds only, so that the coverage told is an honest one.
    const shift = conformalShift(answers.filter((_, other) => other !== fold).flat());
    return own.map((answer) => widened(answer, shift, cap));
  });
  const shift = folds.length > 0 ? conformalShift(answers.flat()) : 0;
  const judged = folds.length > 0 ? tested.flat() : lives.flatMap((life) => answersOf(models, life, cap));
  const reports = tested.map((own, fold): FoldReport => {
    const units = folds[fold]?.test.length ?? 0;
    return { fold: fold + 1, rows: own.length, units, metrics: metricsOf(own) };
  });
  const metrics = { ...metricsOf(judged), cap };
  const document = shifted(models.document, shift, cap);
  const model = newModel({
    name: job.name,
    task: "rul",
    document,
    preprocess: models.preprocess,
    inputs: document.inputs,
    outputs: [
      { name: "rul", sensor: "rul", unit: "h", role: "value", shape: [-1, 1], type: "float64" },
      { name: "low", unit: "h", role: "low", shape: [-1, 1], type: "float64" },
      { name: "high", unit: "h", role: "high", shape: [-1, 1], type: "float64" },
    ],
    metrics,
    examples: examplesOf(models.preprocess, lives),
  });
  return {
    model,
    report: {
      task: "rul",
      name: job.name,
      rows: table.values.rows,
      units: lives.length,
      sensors: table.sensors,
      options: {
        cap,
        folds: folds.length,
        models: job.models,
        learner: job.learner,
        seed: job.seed,
        hoursPerAge: job.hoursPerAge,
      },
      metrics,
      folds: reports,
      importances: namedImportances(inputNames(models.preprocess), models.importances),
      points: sampledPoints(judged),
      unit: "h",
      notes: [...table.notes, ...notes],
      seconds: (performance.now() - began) / 1000,
    },
  };
}

/** One unit with its remaining life at each row, h. */
interface Life {
  readonly history: UnitHistory;
  readonly remaining: Float64Array;
}

function livesOf(table: TrainingTable, job: TrainingJob): { lives: Life[]; notes: string[] } {
  const all = historiesOf(table);
  const histories = all.filter(({ rows }) => rows.rows >= FEWEST_ROWS);
  if (histories.length < 2) {
    throw new TrainingError(
      `expected at least two units with ${FEWEST_ROWS} rows or more, got ${histories.length} of ${all.length}: is the column of the unit right?`,
    );
  }
  const short = all.length - histories.length;
  const notes = short > 0 ? [`${short} units with fewer than ${FEWEST_ROWS} rows are left out`] : [];
  return { lives: histories.map((history) => ({ history, remaining: remainingOf(history, table, job) })), notes };
}

function remainingOf(history: UnitHistory, { targets }: TrainingTable, { hoursPerAge }: TrainingJob): Float64Array {
  const { ages, places, unit } = history;
  if (targets === undefined) return ages.map((age) => ((ages.at(-1) as number) - age) * hoursPerAge);
  return Float64Array.from(places, (row) => {
    const life = Number(targets[row]);
    if (life >= 0 && Number.isFinite(life)) return life * hoursPerAge;
    throw new TrainingError(`unit ${unit}: expected a remaining life of 0 or more as target, got "${targets[row]}"`);
  });
}

/** Half the usual life: how long a healthy unit will last does not show. */
function usualCap(remaining: readonly Float64Array[]): number {
  const lives = remaining.map((own) => own[0] as number).sort((a, b) => a - b);
  const cap = quantile(lives, 0.5) / 2;
  if (cap > 0) return cap;
  throw new TrainingError("expected units that live for longer than a row");
}

function membersFor({ learner, models, seed }: TrainingJob): Member[] {
  return rulMembers(models, seed).filter(({ kind }) => learner === "both" || kind === learner);
}

async function trainModels(
  lives: readonly Life[],
  sensors: readonly string[],
  job: TrainingJob,
  cap: number,
  steps: Steps,
): Promise<RulModels> {
  const { settings, seed } = job;
  const { preprocess, samples } = rulSamples(
    lives.map(({ history }) => history),
    lives.map(({ remaining }) => remaining),
    { sensors, settings, cap, seed },
  );
  const blend = await steps.of((control) => trainBlend(samples, membersFor(job), control));
  const ends: TreesDocument[] = [];
  for (const end of ENDS) ends.push(await steps.of((control) => trainEnd(samples, end, seed, control)));
  return {
    preprocess,
    document: { kind: "together", inputs: samples.features.columns, members: [blend.model, ...ends] },
    importances: blend.importances,
  };
}

async function trainEnd(samples: Samples, end: number, seed: number, control: TrainingControl): Promise<TreesDocument> {
  const { model } = await trainTrees(samples, { ...INTERVAL_TREES, quantile: end, seed }, control);
  return model;
}

function answersOf({ preprocess, document }: RulModels, { history, remaining }: Life, cap: number): Answer[] {
  const { features, row } = inputsOf(preprocess, [history]);
  const answers = loadPredictor(document).predict(features.values, features.rows);
  const within = (value: number): number => Math.max(0, Math.min(cap, value));
  return Array.from({ length: features.rows }, (_, i) => ({
    unit: history.unit,
    truth: Math.min(cap, remaining[row[i] as number] as number),
    predicted: within(answers[3 * i] as number),
    low: answers[3 * i + 1] as number,
    high: answers[3 * i + 2] as number,
  }));
}

/** By how much intervals must be wider on both sides, or may be narrower, so that nine in ten hold the truth. */
function conformalShift(answers: readonly Answer[]): number {
  const misses = answers.map(({ truth, low, high }) => Math.max(low - truth, truth - high)).sort((a, b) => a - b);
  if (misses.length === 0) return 0;
  return quantile(misses, Math.min(1, 0.9 * (1 + 1 / misses.length)));
}

function widened(answer: Answer, shift: number, cap: number): Answer {
  const within = (value: number): number => Math.max(0, Math.min(cap, value));
  return { ...answer, low: within(answer.low - shift), high: within(answer.high + shift) };
}

/** The model with its interval's ends moved outwards, and all answers kept from 0 to the cap. */
function shifted({ members, ...document }: RulModels["document"], shift: number, cap: number) {
  const [value, low, high] = members as [unknown, TreesDocument, TreesDocument];
  const moved = (trees: TreesDocument, by: number): TreesDocument => ({
    ...trees,
    base: trees.base.map((base) => base + by),
  });
  return { ...document, members: [value, moved(low, -shift), moved(high, shift)], range: [0, cap] as const };
}

function metricsOf(answers: readonly Answer[]): Record<string, number> {
  const of = (pick: (answer: Answer) => number): number[] => answers.map(pick);
  const [truth, predicted] = [of(({ truth: t }) => t), of(({ predicted: p }) => p)];
  return {
    rmse: rmse(predicted, truth),
    mae: meanAbsoluteError(predicted, truth),
    r2: rSquared(predicted, truth),
    phm08: phm08Score(predicted, truth) / Math.max(1, truth.length),
    coverage: coverage(
      of(({ low }) => low),
      of(({ high }) => high),
      truth,
    ),
    width: of(({ low, high }) => high - low).reduce((sum, width) => sum + width, 0) / answers.length,
  };
}

function examplesOf(preprocess: EngineeredSpec, lives: readonly Life[]): Float64Array[] {
  return lives.slice(0, 3).map(({ history }) => {
    const { features } = inputsOf(preprocess, [history]);
    return features.values.slice((features.rows - 1) * features.columns);
  });
}
