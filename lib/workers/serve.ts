import type { Transferable } from "node:worker_threads";
import { type CallMessage, sentError, Transferred, type WorkerMessage } from "./messages";
import { workerPort } from "./process/port";

export interface CallContext {
  /** Tells the caller how far the work is. */
  progress(progress: unknown): void;
}

export type WorkerMethod = (argument: never, context: CallContext) => unknown;

/** Moves the buffers of a result to the caller instead of copying them. */
export function withTransfer<T>(result: T, buffers: readonly Transferable[]): Transferred<T> {
  return new Transferred(result, buffers);
}

/**
 * The worker's side of WorkerHost: answers its calls. Calls run as they come; a method that awaits lets others begin.
 * @throws Error when this is neither a worker thread nor a worker process
 */
export function serve(methods: Readonly<Record<string, WorkerMethod>>): void {
  const port = workerPort();
  if (!port) throw new Error("serve: this module runs in a worker only");
  const known = new Map(Object.entries(methods));
  const post = (message: WorkerMessage, buffers: readonly Transferable[] = []): void => port.post(message, buffers);

  async function answer({ id, method, argument }: CallMessage): Promise<void> {
    try {
      const work = known.get(method);
      if (!work) throw new TypeError(`the worker has no method "${method}"`);
      const context: CallContext = { progress: (progress) => post({ kind: "progress", id, progress }) };
      const result = await work(argument as never, context);
      if (result instanceof Transferred) post({ kind: "result", id, result: result.result }, result.buffers);
      else post({ kind: "result", id, result });
    } catch (error) {
      post({ kind: "error", id, error: sentError(error) });
    }
  }

  port.onCall((call) => void answer(call));
  post({ kind: "ready" });
}
