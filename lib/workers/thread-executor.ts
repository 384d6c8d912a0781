import { type Transferable, Worker } from "node:worker_threads";
import type { Executor, ExecutorEvents, ExecutorOptions } from "./executor";
import type { CallMessage, WorkerMessage } from "./messages";

/** A worker's module in a thread of this process. */
export class ThreadExecutor implements Executor {
  readonly #worker: Worker;

  constructor(file: string, { name, memoryMb }: ExecutorOptions, events: ExecutorEvents) {
    const worker = new Worker(file, {
      // Linux shows so much of it.
      name: name.slice(0, 15),
      ...(memoryMb ? { resourceLimits: { maxOldGenerationSizeMb: memoryMb } } : {}),
    });
    let failure: Error | undefined;
    worker.on("message", (message: WorkerMessage) => events.onMessage(message));
    worker.on("error", (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", (code) => events.onExit(failure ?? new Error(`exit code ${code}`)));
    this.#worker = worker;
  }

  send(call: CallMessage, transfer: readonly Transferable[]): void {
    this.#worker.postMessage(call, [...transfer]);
  }

  ref(): void {
    this.#worker.ref();
  }

  unref(): void {
    this.#worker.unref();
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
