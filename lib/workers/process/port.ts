import { parentPort, type Transferable } from "node:worker_threads";
import type { CallMessage, WorkerMessage } from "../messages";

/** Variable that tells a process that it is a worker: other processes have a channel to their parent too. */
export const WORKER_PROCESS = "GATEWISE_WORKER";

/** A worker's way to its host. */
export interface Port {
  post(message: WorkerMessage, transfer: readonly Transferable[]): void;
  onCall(listener: (call: CallMessage) => void): void;
}

/** Of the thread or process that this is; undefined when it is no worker. */
export function workerPort(): Port | undefined {
  const port = parentPort;
  if (port) {
    return {
      post: (message, transfer) => port.postMessage(message, [...transfer]),
      onCall: (listener) => port.on("message", listener),
    };
  }
  if (process.env[WORKER_PROCESS] === undefined || !process.send) return undefined;
  return {
    // A host that is gone needs no answer, and this process ends with it.
    post: (message) => void process.send?.(message, undefined, {}, () => undefined),
    onCall: (listener) => process.on("message", (call) => listener(call as CallMessage)),
  };
}
