import type { Transferable } from "node:worker_threads";

export interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

/** Asks the worker to end when it has nothing in hand. */
export const END = "end";

export interface SentError {
  readonly name: string;
  readonly message: string;
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError };

/** A result whose buffers are moved to the caller instead of copied. */
export class Transferred<T> {
  constructor(
    readonly result: T,
    readonly buffers: readonly Transferable[],
  ) {}
}
