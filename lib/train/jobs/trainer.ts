import { WorkerHost } from "../../workers";
import type { JobControl, JobProgress, Trained, TrainingJob } from "./contract";
import type { TrainingTable } from "./table";

/** Another training is under way: a gateway trains one model at a time. */
export class TrainingBusyError extends Error {
  override readonly name = "TrainingBusyError";
}

/** Name of the model that is being trained in this process. */
let underWay: string | undefined;

export interface TrainerOptions {
  /** Largest heap of the thread, MB. */
  readonly memoryMb?: number;
}

/**
 * Trains in a thread of its own, of the lowest priority where the system has one for threads (Linux).
 * @param data path of a CSV file, which is read there, or the rows
 * @throws TrainingBusyError when another one is under way; the signal's reason when it is aborted; what training throws
 */
export async function trainInWorker(
  job: TrainingJob,
  data: string | TrainingTable,
  control: JobControl = {},
  { memoryMb = 2048 }: TrainerOptions = {},
): Promise<Trained> {
  if (underWay !== undefined)
    throw new TrainingBusyError(`the training of ${underWay} is under way: wait, or cancel it`);
  underWay = job.name;
  const host = new WorkerHost("train/jobs/worker", { name: "training", memoryMb, retries: 0 });
  try {
    return await host.call<Trained>(
      "train",
      { job, data },
      {
        onProgress: (progress) => control.onProgress?.(progress as JobProgress),
        ...(control.signal && { signal: control.signal }),
      },
    );
  } finally {
    underWay = undefined;
    await host.close();
  }
}
