import { checkName } from "../../model/manifest";
import { integerWithin, positiveNumber } from "../../numeric/limits";
import {
  JOB_DEFAULTS,
  type JobControl,
  type Learner,
  type Trained,
  type TrainingJob,
  type TrainingTask,
} from "./contract";
import { withSensors } from "./sensors";
import type { TrainingTable } from "./table";

export const TASKS: readonly TrainingTask[] = ["rul", "classifier", "anomaly"];

/** What each task can be learned by. */
const LEARNERS: Readonly<Record<TrainingTask, readonly Learner[]>> = {
  rul: ["trees", "network", "both"],
  classifier: ["trees", "network", "both"],
  anomaly: ["isolation", "components", "both"],
};

/**
 * A job with everything that may be left out, checked.
 * @throws RangeError naming the option, what it was and what was expected; ModelError when no model can have the name
 */
export function checkedJob(given: Partial<TrainingJob> & Pick<TrainingJob, "task" | "name">): TrainingJob {
  const job = { ...JOB_DEFAULTS, ...given };
  if (!TASKS.includes(job.task)) throw new RangeError(`task: expected ${TASKS.join(", ")}, got ${String(job.task)}`);
  checkName("name", job.name);
  integerWithin("past", job.past, 1, 10_000);
  integerWithin("models", job.models, 1, 20);
  integerWithin("seed", job.seed, 0, 2 ** 31 - 1);
  if (job.folds !== 0) integerWithin("folds", job.folds, 2, 100);
  positiveNumber("hoursPerAge", job.hoursPerAge);
  if (job.cap !== undefined) positiveNumber("cap", job.cap);
  if (!LEARNERS[job.task].includes(job.learner)) {
    throw new RangeError(
      `learner: expected ${LEARNERS[job.task].join(", ")} for ${job.task}, got ${String(job.learner)}`,
    );
  }
  if (job.task === "rul" && job.unit === undefined)
    throw new RangeError("unit: remaining life needs the column of the unit");
  if (job.task === "rul" && job.age === undefined && job.target === undefined) {
    throw new RangeError("age: remaining life needs the column of the age, or of the remaining life as target");
  }
  if (job.task === "classifier" && job.target === undefined) {
    throw new RangeError("target: a classifier needs the column of the class");
  }
  if (job.normal.length > 0 && (job.task !== "anomaly" || job.target === undefined)) {
    throw new RangeError("normal: goes with anomaly and the column of the labels as target");
  }
  return job;
}

/**
 * Trains what the job asks for.
 * @throws TrainingError when the data are not fit for it, RangeError when an option is out of range, the signal's reason when it is aborted
 */
export async function runJob(all: TrainingTable, job: TrainingJob, control: JobControl = {}): Promise<Trained> {
  const table = withSensors(all, job);
  switch (job.task) {
    case "rul":
      return (await import("./rul-job.js")).trainRulJob(table, job, control);
    case "classifier":
      return (await import("./classifier-job.js")).trainClassifierJob(table, job, control);
    case "anomaly":
      return (await import("./anomaly-job.js")).trainAnomalyJob(table, job, control);
    default:
      throw new RangeError(`task: expected ${TASKS.join(", ")}, got ${String(job.task satisfies never)}`);
  }
}
