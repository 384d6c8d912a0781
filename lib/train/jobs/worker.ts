import { setPriority } from "node:os";
import { bytesOf } from "../../files";
import { serve, withTransfer } from "../../workers";
import type { TrainingJob } from "./contract";
import { runJob } from "./run";
import { readTrainingTable, type TrainingTable } from "./table";

export interface TrainArgument {
  readonly job: TrainingJob;
  /** Path of a CSV file, or the rows themselves. */
  readonly data: string | TrainingTable;
}

/** The lowest: what else the gateway does goes first. */
const LOWEST_PRIORITY = 19;
/** Progress that is told, at most so often. */
const TELL_MS = 200;

// Linux keeps a priority for each thread and takes the calling one for 0; elsewhere this would be the whole process.
if (process.platform === "linux") {
  try {
    setPriority(0, LOWEST_PRIORITY);
  } catch {
    // A container may forbid it; training then competes with the rest.
  }
}

serve({
  async train({ job, data }: TrainArgument, { progress }) {
    const table = typeof data === "string" ? await readTrainingTable(bytesOf(data), job) : data;
    let told = Number.NEGATIVE_INFINITY;
    const trained = await runJob(table, job, {
      onProgress(state) {
        const now = performance.now();
        if (now - told < TELL_MS) return;
        told = now;
        progress(state);
      },
    });
    // A view on a pooled buffer cannot be moved: each file gets memory of its own.
    const files = trained.model.files.map(({ name, data: bytes }) => ({ name, data: Uint8Array.from(bytes) }));
    return withTransfer(
      { ...trained, model: { ...trained.model, files } },
      files.map(({ data: bytes }) => bytes.buffer as ArrayBuffer),
    );
  },
});
