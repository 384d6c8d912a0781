import type { Transferable } from "node:worker_threads";
import type { CallMessage, WorkerMessage } from "./messages";

/** Where a worker's module runs. */
export type Isolation =
  /** A thread of this process: starts in milliseconds and shares its memory. For JavaScript and WebAssembly. */
  | "thread"
  /** A process of its own: for native code, which in a thread can neither be interrupted nor bounded, and whose crash is everyone's. */
  | "process";

export interface ExecutorOptions {
  readonly name: string;
  readonly memoryMb: number | undefined;
}

export interface ExecutorEvents {
  onMessage(message: WorkerMessage): void;
  /** It is gone; told once. */
  onExit(reason: Error): void;
}

/** A running worker: one thread or one process. */
export interface Executor {
  /** @throws DataCloneError when the call cannot be cloned */
  send(call: CallMessage, transfer: readonly Transferable[]): void;
  /** Has this process wait for it. */
  ref(): void;
  unref(): void;
  /** Ends it at once, whatever it is in; resolves when it is gone. */
  end(): Promise<void>;
}
