import type { ModelOutput, ModelTask, NewModel, PreprocessSpec } from "../../model/contract";
import { loadPredictor } from "../../model/predictors";
import type { TrainingControl } from "../data";
import type { JobControl, ReportPoint, TrainingJob, TrainingReport } from "./contract";
import type { TrainingTable } from "./table";

/** Counts the parts of a training that take about as long as each other, and tells how far all of it is. */
export class Steps {
  #done = 0;
  #name = "";

  constructor(
    private readonly all: number,
    private readonly control: JobControl,
  ) {}

  step(name: string): void {
    this.#name = name;
    this.#tell(0);
  }

  /** Does one part. */
  async of<T>(work: (control: TrainingControl) => Promise<T>): Promise<T> {
    const { signal } = this.control;
    const result = await work({ ...(signal && { signal }), onProgress: ({ done }) => this.#tell(done) });
    this.#done += 1;
    this.#tell(0);
    return result;
  }

  #tell(part: number): void {
    this.control.onProgress?.({ done: Math.min(1, (this.#done + part) / this.all), step: this.#name });
  }
}

const MOST_POINTS = 2000;
const MOST_IMPORTANCES = 20;

/** At most a few thousand points, evenly taken. */
function sampledPoints(points: readonly ReportPoint[]): ReportPoint[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0).map((point) => roundedPoint(point));
}

function roundedPoint(point: ReportPoint): ReportPoint {
  const entries = Object.entries(point).map(([name, value]) => [
    name,
    typeof value === "number" ? Number(value.toPrecision(6)) : value,
  ]);
  return Object.fromEntries(entries) as ReportPoint;
}

/** The inputs that matter, most important first. */
export function namedImportances(names: readonly string[], importances: Float64Array): TrainingReport["importances"] {
  return names
    .map((input, i) => ({ input, share: importances[i] ?? 0 }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)
    .slice(0, MOST_IMPORTANCES);
}

export interface ModelParts {
  readonly name: string;
  readonly task: ModelTask;
  /** What `loadPredictor` takes. */
  readonly document: unknown;
  readonly preprocess: PreprocessSpec;
  readonly inputs: number;
  readonly outputs: readonly ModelOutput[];
  readonly labels?: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
  /** Inputs whose answers go along as known ones; those with missing values are left out. */
  readonly examples: readonly Float64Array[];
}

type Told = Pick<TrainingReport, "units" | "metrics" | "folds" | "importances" | "points" | "unit"> &
  Partial<Pick<TrainingReport, "options" | "labels" | "confusion" | "notes" | "warnings">>;

/**
 * The report of a training that has just ended.
 * @param told what came of it; `options` are those that only this task has, `notes` go behind those of the table
 * @param began when it did, by `performance.now()`
 */
export function reportOf(
  { values, sensors, notes, warnings, leftOut }: TrainingTable,
  { task, name, target, folds, models, learner, seed }: TrainingJob,
  told: Told,
  began: number,
): TrainingReport {
  return {
    ...told,
    task,
    name,
    rows: values.rows,
    sensors,
    options: { target, folds, models, learner, seed, ...told.options },
    points: sampledPoints(told.points),
    notes: [...notes, ...(told.notes ?? [])],
    warnings: [...(warnings ?? []), ...(told.warnings ?? [])],
    ...(leftOut && { leftOut }),
    seconds: (performance.now() - began) / 1000,
  };
}

const GOLDEN_EPS = 1e-6;

/** A model of the pack's own format with everything that the store, `predict` and rollouts need to know of it. */
export function newModel({ document, inputs, examples, outputs, metrics, ...about }: ModelParts): NewModel {
  const text = JSON.stringify(document);
  const predictor = loadPredictor(JSON.parse(text));
  const cases = examples
    .filter((example) => example.every(Number.isFinite))
    .map((example) => {
      const answers = predictor.predict(example, 1);
      let at = 0;
      const out = outputs.map(({ name, shape }) => {
        const width = shape.slice(1).reduce((product, size) => product * size, 1);
        const own = Array.from(answers.subarray(at, at + width));
        at += width;
        return [name, own] as const;
      });
      return { in: { input: Array.from(example) }, out: Object.fromEntries(out) };
    });
  return {
    ...about,
    format: "gatewise",
    version: new Date().toISOString().slice(0, 16).replace("T", " "),
    inputs: [{ name: "input", shape: [-1, inputs], type: "float64" }],
    outputs,
    metrics: finiteOnly(metrics),
    golden: { cases, eps: GOLDEN_EPS },
    files: [{ name: "model.json", data: Buffer.from(text) }],
  };
}

/** JSON knows no NaN, which is what a figure is where it cannot be told. */
export function finiteOnly(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
