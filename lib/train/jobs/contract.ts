import type { NewModel } from "../../model/contract";

export type TrainingTask = "rul" | "classifier" | "anomaly";
/** rul, classifier: boosted trees, networks. anomaly: an isolation forest, principal components. */
export type Learner = "trees" | "network" | "isolation" | "components" | "both";

/** Everything that a training can be told. */
export interface TrainingJob {
  readonly task: TrainingTask;
  /** The model's name in the store. */
  readonly name: string;
  /** Columns that are the model's sensors; empty for every numeric one that is nothing else. */
  readonly sensors: readonly string[];
  /** rul: those that say how a unit is operated, and not how it is. */
  readonly settings: readonly string[];
  /**
   * rul: column of the remaining life; without it, it is counted back from each unit's last row. classifier: column of the class.
   * anomaly: column that tells normal rows from known anomalies; without it every row counts as normal.
   */
  readonly target?: string;
  /** anomaly: what the target is for normal rows, upper or lower case; empty for 0, false, no, normal, good, ok and the like. */
  readonly normal: readonly string[];
  /** Column of the machine or life that a row belongs to; needed for rul. Rows of one unit are never on both sides of a test. */
  readonly unit?: string;
  /** Column that rises with age: cycles, hours; needed for rul without a target. */
  readonly age?: string;
  /** rul: what one of the age column, or of the target, is worth, h. */
  readonly hoursPerAge: number;
  /** rul: longest remaining life that is told apart, h; half the usual life when missing. */
  readonly cap?: number;
  /** classifier, anomaly: rows of the past that figures are made of beside the row itself; 1 for none. */
  readonly past: number;
  readonly learner: Learner;
  /** Parts that take turns in testing; 0 for no test. */
  readonly folds: number;
  /** Models of each kind that are averaged; of an isolation forest, so many times its trees. */
  readonly models: number;
  readonly seed: number;
}

export const JOB_DEFAULTS: Omit<TrainingJob, "task" | "name"> = {
  sensors: [],
  settings: [],
  normal: [],
  hoursPerAge: 1,
  past: 1,
  learner: "both",
  folds: 5,
  models: 1,
  seed: 1,
};

/** How far a training is. */
export interface JobProgress {
  /** From 0 to 1. */
  readonly done: number;
  /** "fold 2 of 5" */
  readonly step: string;
}

export interface JobControl {
  readonly onProgress?: (progress: JobProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FoldReport {
  readonly fold: number;
  readonly rows: number;
  readonly units: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** What came of a training, as JSON. */
export interface TrainingReport {
  readonly task: TrainingTask;
  readonly name: string;
  readonly rows: number;
  readonly units: number;
  readonly sensors: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** Of rows by models that did not see their unit; of the training itself where there were no folds, which flatters. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly folds: readonly FoldReport[];
  /** Most important inputs first; empty where a model does not tell. */
  readonly importances: readonly { readonly input: string; readonly share: number }[];
  /** Some truths and predictions by models that did not see the unit, for plots. */
  readonly points: readonly ReportPoint[];
  /** Classes, and how often (row: true class, column: predicted) they were told. */
  readonly labels?: readonly string[];
  readonly confusion?: readonly (readonly number[])[];
  /** Unit of truths and predictions. */
  readonly unit: string;
  /** What the reader should know of the data: rows left out, units too short. */
  readonly notes: readonly string[];
  /** Why the model should not be relied on yet, and what would help. */
  readonly warnings: readonly string[];
  /** Of history: rows and readings that were not trained on, such as those of another unit; `notes` say why. */
  readonly leftOut?: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface ReportPoint {
  readonly unit: string;
  readonly truth: number;
  readonly predicted: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Trained {
  readonly model: NewModel;
  readonly report: TrainingReport;
}
