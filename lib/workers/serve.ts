import { parentPort, type Transferable } from "node:worker_threads";
import { type CallMessage, END, type SentError, Transferred, type WorkerMessage } from "./messages";

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
 * @throws Error when this is not a worker thread
 */
export function serve(methods: Readonly<Record<string, WorkerMethod>>): void {
  const port = parentPort;
  if (!port) throw new Error("serve: this module runs in a worker thread only");
  const known = new Map(Object.entries(methods));
  const post = (message: WorkerMessage, buffers: readonly Transferable[] = []): void =>
    port.postMessage(message, [...buffers]);

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

  let inHand = 0;
  let isEnding = false;
  const endWhenDone = (): void => {
    if (isEnding && inHand === 0) process.exit(0);
  };
  port.on("message", (call: CallMessage | typeof END) => {
    if (call === END) {
      isEnding = true;
      endWhenDone();
      return;
    }
    inHand += 1;
    void answer(call).finally(() => {
      inHand -= 1;
      endWhenDone();
    });
  });
  post({ kind: "ready" });
}

/** Name and message only: what else an error carries need not survive the way. */
function sentError(error: unknown): SentError {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}
