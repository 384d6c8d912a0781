/**
 * Why a write was not confirmed, by what has to follow:
 * - "unreachable": the server or the way to it is down or overloaded; the same again, soon and then ever more slowly;
 * - "denied": the server does not let us, or what we address is missing; keep everything, tell people, retry slowly;
 * - "points": some of the points cannot be stored; find them, set them aside, write the others;
 * - "too-large": the same in smaller parts.
 */
export type WriteFailure = "unreachable" | "denied" | "points" | "too-large";

export interface RejectedLine {
  /** Counted from 0 in the text that was written. */
  readonly index: number;
  readonly reason: string;
}

export interface WriteErrorDetails {
  /** How long the server asked us to wait, ms. */
  readonly retryAfterMs?: number;
  /** The rejected points, when the server names them and has stored all others. */
  readonly rejected?: readonly RejectedLine[];
  /** How many points the server says it rejected. */
  readonly rejectedCount?: number;
}

/** A write that was not confirmed. */
export class WriteError extends Error {
  override readonly name = "WriteError";
  constructor(
    readonly failure: WriteFailure,
    message: string,
    readonly details: WriteErrorDetails = {},
  ) {
    super(message);
  }
}
