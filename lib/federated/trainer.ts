import { WorkerHost } from "../workers";
import type { Trainer } from "./member";
import type { Trained } from "./training";

/** Longer than any sensible training takes on a small gateway; then the worker is ended. */
const TIMEOUT_MS = 30 * 60_000;
const MEMORY_MB = 256;

/**
 * Trains in a worker thread that lives only as long as the training: a gateway trains for seconds an hour, and the thread
 * would hold its memory all day.
 * @param signal ends the thread
 */
export function workerTrainer(signal: AbortSignal): Trainer {
  return async (task) => {
    const host = new WorkerHost("federated/worker", { name: "federated", timeoutMs: TIMEOUT_MS, memoryMb: MEMORY_MB });
    try {
      return await host.call<Trained>("train", task, { signal });
    } finally {
      await host.close();
    }
  };
}
