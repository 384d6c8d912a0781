import { type IntervalDocument, loadPredictor, type Margins } from "../../model/predictors";
import { type EngineeredSpec, inputNames } from "../../model/preprocess";
import { quantile } from "../../numeric/sorted-window";
import { type Member, trainBlend } from "../blend";
import { type Fold, foldsByUnit } from "../cross-validation";
import { TrainingError } from "../data";
import { coverage, meanAbsoluteError, phm08Score, rmse, rSquared } from "../metrics";
import { inputsOf } from "../preprocess";
import { type RulDocument, rulMembers, rulSamples } from "../rul";
import type { FoldReport, JobControl, ReportPoint, Trained, TrainingJob } from "./contract";
import { errorMargins, intervalAround } from "./error-bands";
import { namedImportances, newModel, reportOf, Steps } from "./parts";
import { historiesOf, type TrainingTable, type UnitHistory } from "./table";
import { lifeWarnings } from "./warnings";

/** A unit needs a past before its figures mean something. */
const FEWEST_ROWS = 10;

interface LifeModel {
  readonly preprocess: EngineeredSpec;
  readonly document: RulDocument;
  readonly importances: Float64Array;
}

/**
 * Trains remaining useful life in hours with a 90 % interval: the expected life by a blend of boosted trees and small networks; the
 * ends of its interval by how far such a blend was off for units that it had not seen.
 * @throws TrainingError when the data are not fit for it
 */
export async function trainRulJob(table: TrainingTable, job: TrainingJob, control: JobControl): Promise<Trained> {
  const began = performance.now();
  const { lives, notes } = livesOf(table, job);
  const cap = job.cap ?? usualCap(lives.map(({ remaining }) => remaining));
  const units = lives.map(({ history }) => history.unit);
  const folds = job.folds === 0 ? [] : foldsByUnit(units, job.folds, job.seed);
  const steps = new Steps(folds.length + 1, control);
  const unseen: (readonly Guess[])[] = [];
  for (const [fold, { training, test }] of folds.entries()) {
    steps.step(`fold ${fold + 1} of ${folds.length}`);
    const seen = Array.from(training, (i) => lives[i] as Life);
    const model = await trainModel(seen, table.sensors, job, cap, steps);
    for (const i of test) unseen[i] = guessesOf(model, lives[i] as Life, cap);
  }
  steps.step("all units");
  const model = await trainModel(lives, table.sensors, job, cap, steps);
  const guesses = folds.length > 0 ? unseen : lives.map((life) => guessesOf(model, life, cap));
  const margins = errorMargins(guesses.flat());
  const answers =
    folds.length > 0 ? testedIntervals(unseen, folds, cap) : [withIntervals(guesses.flat(), margins, cap)];
  const metrics: Record<string, number> = { ...metricsOf(answers.flat()), cap, lives: lives.length };
  const reports = folds.map(({ test }, fold): FoldReport => {
    const own = answers[fold] ?? [];
    return { fold: fold + 1, rows: own.length, units: test.length, metrics: metricsOf(own) };
  });
  const { inputs } = model.document;
  const document: IntervalDocument & { readonly range: readonly [number, number] } = {
    kind: "interval",
    inputs,
    member: model.document,
    ...margins,
    range: [0, cap],
  };
  const trained = newModel({
    name: job.name,
    task: "rul",
    document,
    preprocess: model.preprocess,
    inputs,
    outputs: [
      { name: "rul", sensor: "rul", unit: "h", role: "value", shape: [-1, 1], type: "float64" },
      { name: "low", unit: "h", role: "low", shape: [-1, 1], type: "float64" },
      { name: "high", unit: "h", role: "high", shape: [-1, 1], type: "float64" },
    ],
    metrics,
    examples: examplesOf(model.preprocess, lives),
  });
  const report = reportOf(
    table,
    job,
    {
      units: lives.length,
      options: { cap, hoursPerAge: job.hoursPerAge },
      metrics,
      folds: reports,
      importances: namedImportances(inputNames(model.preprocess), model.importances),
      points: answers.flat(),
      unit: "h",
      notes,
      warnings: lifeWarnings(lives.length, folds.length > 0 ? metrics.r2 : undefined),
    },
    began,
  );
  return { model: trained, report };
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

async function trainModel(
  lives: readonly Life[],
  sensors: readonly string[],
  job: TrainingJob,
  cap: number,
  steps: Steps,
): Promise<LifeModel> {
  const { settings, seed } = job;
  const { preprocess, samples } = rulSamples(
    lives.map(({ history }) => history),
    lives.map(({ remaining }) => remaining),
    { sensors, settings, cap, seed },
  );
  const { model, importances } = await steps.of((control) => trainBlend(samples, membersFor(job), control));
  return { preprocess, document: { ...model, range: [0, cap] }, importances };
}

/** A row's remaining life, as it was and as it was foretold. */
type Guess = Pick<ReportPoint, "unit" | "truth" | "predicted">;
type Answer = Guess & { readonly low: number; readonly high: number };

function guessesOf({ preprocess, document }: LifeModel, { history, remaining }: Life, cap: number): Guess[] {
  const { features, row } = inputsOf(preprocess, [history]);
  const answers = loadPredictor(document).predict(features.values, features.rows);
  return Array.from(answers, (answer, i) => ({
    unit: history.unit,
    truth: Math.min(cap, remaining[row[i] as number] as number),
    predicted: within(answer, cap),
  }));
}

function within(hours: number, cap: number): number {
  return Math.max(0, Math.min(cap, hours));
}

function withIntervals(guesses: readonly Guess[], margins: Margins, cap: number): Answer[] {
  return guesses.map((guess) => {
    const { low, high } = intervalAround(margins, guess.predicted);
    return { ...guess, low: within(low, cap), high: within(high, cap) };
  });
}

/** Each fold's intervals are made of the errors in the other folds, so that the coverage told is an honest one. */
function testedIntervals(unseen: readonly (readonly Guess[])[], folds: readonly Fold[], cap: number): Answer[][] {
  const own = folds.map(({ test }) => Array.from(test).flatMap((i) => unseen[i] ?? []));
  return own.map((guesses, fold) =>
    withIntervals(guesses, errorMargins(own.filter((_, other) => other !== fold).flat()), cap),
  );
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
