import type { Transferable } from "node:worker_threads";

export interface CallMessage {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export interface SentError {
  readonly name: string;
  readonly message: string;
}

export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly id: number; readonly progress: unknown }
  | { readonly kind: "result"; readonly id: number; readonly result: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError }
  /** Of a process that ends because of an error that belongs to no call. */
  | { readonly kind: "failed"; readonly error: SentError };

/** A result whose buffers are moved to the caller instead of copied. */
export class Transferred<T> {
  constructor(
    readonly result: T,
    readonly buffers: readonly Transferable[],
  ) {}
}

/** Name and message only: what else an error carries need not survive the way. */
export function sentError(error: unknown): SentError {
  return error instanceof Error
    ? { name: error.name, message: error.message }
    : { name: "Error", message: String(error) };
}

export function received({ name, message }: SentError): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
