import { type BackoffOptions, backoffDelay } from "../backoff/backoff";
import { deliver, type Rejected, type Write } from "./deliver";
import type { Group, Outbox } from "./outbox";
import { WriteError } from "./write-error";

export interface SenderOptions {
  /** Readings that are enough for a write of their own, and about the most in one. */
  readonly batchReadings: number;
  /** Bytes of lines in one write, about. */
  readonly batchBytes?: number;
  /** Longest that a reading waits for others before it is written, ms. */
  readonly batchMs: number;
  /** Between attempts while the target cannot be reached. */
  readonly retry?: BackoffOptions;
  /** Between attempts while the target denies us, ms. */
  readonly deniedRetryMs?: number;
}

export type SenderState =
  | { readonly kind: "ok" }
  | { readonly kind: "retrying" | "denied"; readonly problem: string; readonly nextAttemptAt: number };

export interface Written {
  readonly group: Group;
  readonly rejected: readonly Rejected[];
}

/** The world as the sender sees it; a test has its own. */
export interface SenderHooks {
  /** The wall clock, ms since the epoch. */
  now(): number;
  /** Calls `work` once after `ms`; returns what cancels it. */
  after(ms: number, work: () => void): () => void;
  random?(): number;
  onWritten?(written: Written): void;
  onState?(state: SenderState): void;
  /** The outbox itself failed, such as a full disk; the sender tries again later. */
  onError?(error: unknown): void;
}

const DEFAULT_BATCH_BYTES = 4 * 1024 * 1024;
const DEFAULT_RETRY: BackoffOptions = { baseMs: 500, capMs: 60_000 };
const DEFAULT_DENIED_RETRY_MS = 60_000;
/** No server may make us wait longer than this before we ask again. */
const MAX_RETRY_AFTER_MS = 15 * 60_000;
/** How long close waits for a write under way. Without its confirmation the batch is sent again, which is harmless. */
const CLOSE_GRACE_MS = 2000;

interface Flush {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Empties an outbox into a target: one write at a time, in order, confirmed before the next. Nothing is given up: while
 * the target is away the attempts become rarer, and the outbox's policy alone decides what has to go.
 */
export class Sender {
  #state: SenderState = { kind: "ok" };
  #attempt = 0;
  #running: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #flushes: Flush[] = [];
  /** Closing has begun: the write under way may still be confirmed, no other follows. */
  #stopping = false;
  #closed = false;
  #lastWrittenAt: number | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly write: Write,
    private readonly options: SenderOptions,
    private readonly hooks: SenderHooks,
  ) {}

  get state(): SenderState {
    return this.#state;
  }

  /** When the target last confirmed a write, ms since the epoch. */
  get lastWrittenAt(): number | undefined {
    return this.#lastWrittenAt;
  }

  /** To be called when something was appended, and once at the start. */
  wake(): void {
    if (this.#running || this.#stopping) return;
    // A timer that is set stands for what has waited longest, or for the next attempt; only a full batch is sooner.
    if (this.#cancelTimer && (this.#state.kind !== "ok" || !this.#isFull())) return;
    this.#schedule();
  }

  /**
   * Writes all that waits now, without waiting for a full batch or the next attempt.
   * @throws WriteError when a write was not confirmed; the readings stay in the outbox
   */
  flush(): Promise<void> {
    if (this.#stopping) return Promise.reject(new Error("the outbox has been closed"));
    const upTo = this.outbox.lastId;
    return new Promise((resolve, reject) => {
      this.#flushes.push({ upTo, resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  /** Stops. Waits a moment for a write under way, so that its confirmation is not lost. */
  async close(): Promise<void> {
    this.#stopping = true;
    this.#stopTimer();
    const grace = new Promise<void>((resolve) => void setTimeout(resolve, CLOSE_GRACE_MS).unref());
    await Promise.race([this.#running, grace]);
    this.#closed = true;
    this.#stopTimer();
    this.#settleFlushes(new Error("the outbox has been closed"));
  }

  #schedule(): void {
    this.#stopTimer();
    const wait = this.#dueIn();
    if (wait === undefined || this.#stopping) return;
    if (wait <= 0) this.#run();
    else this.#startTimer(wait);
  }

  #isFull(): boolean {
    return this.outbox.waiting >= this.options.batchReadings;
  }

  /** Milliseconds until the next write is due; undefined when nothing waits. */
  #dueIn(): number | undefined {
    const { oldestAt } = this.outbox.counts();
    if (oldestAt === undefined) return undefined;
    if (this.#isFull()) return 0;
    // A clock that was set back must not hold anything up for longer than one batch time.
    const since = Math.max(0, this.hooks.now() - oldestAt);
    return Math.max(0, this.options.batchMs - since);
  }

  #startTimer(ms: number): void {
    this.#stopTimer();
    this.#cancelTimer = this.hooks.after(ms, () => {
      this.#cancelTimer = undefined;
      if (!this.#running) this.#run();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #run(): void {
    this.#stopTimer();
    this.#running = this.#sendAll().then(
      (wait) => this.#afterRun(wait),
      (error) => this.#afterBreak(error),
    );
  }

  #afterRun(wait: number | undefined): void {
    this.#running = undefined;
    if (this.#stopping) return;
    if (wait !== undefined) this.#startTimer(wait);
    else if (this.#flushes.length > 0) this.#run();
    else this.#schedule();
  }

  /** The disk failed, not the target: nothing is confirmed, and the same group comes again. */
  #afterBreak(error: unknown): void {
    this.#running = undefined;
    if (this.#closed) return;
    this.outbox.release();
    this.#settleFlushes(error);
    this.hooks.onError?.(error);
    if (this.#stopping) return;
    const wait = this.#nextDelay(undefined);
    const problem = error instanceof Error ? error.message : String(error);
    this.#setState({ kind: "retrying", problem, nextAttemptAt: this.hooks.now() + wait });
    this.#startTimer(wait);
  }

  /** Sends group after group while they are due; returns how long to wait after a failure. */
  async #sendAll(): Promise<number | undefined> {
    do {
      const group = this.outbox.take(this.options.batchReadings, this.options.batchBytes ?? DEFAULT_BATCH_BYTES);
      if (!group) break;
      try {
        const rejected = await deliver(group.lines, group.count, this.write);
        if (this.#closed) return undefined;
        this.#confirm(group, rejected);
      } catch (error) {
        if (this.#closed) return undefined;
        if (!(error instanceof WriteError)) throw error;
        return this.#failed(error);
      }
    } while (!this.#stopping && (this.#flushes.length > 0 || this.#dueIn() === 0));
    if (!this.#stopping) this.#settleFlushes();
    return undefined;
  }

  #confirm(group: Group, rejected: readonly Rejected[]): void {
    this.outbox.confirm(group, rejected);
    this.#attempt = 0;
    this.#lastWrittenAt = this.hooks.now();
    this.#setState({ kind: "ok" });
    this.hooks.onWritten?.({ group, rejected });
    const done = this.#flushes.filter(({ upTo }) => upTo <= group.lastId);
    this.#flushes = this.#flushes.filter(({ upTo }) => upTo > group.lastId);
    for (const { resolve } of done) resolve();
  }

  #failed(error: WriteError): number {
    this.outbox.release();
    const denied = error.failure === "denied";
    const wait = denied ? (this.options.deniedRetryMs ?? DEFAULT_DENIED_RETRY_MS) : this.#nextDelay(error);
    const nextAttemptAt = this.hooks.now() + wait;
    this.#setState({ kind: denied ? "denied" : "retrying", problem: error.message, nextAttemptAt });
    this.#settleFlushes(error);
    return wait;
  }

  #nextDelay(error: WriteError | undefined): number {
    const delay = backoffDelay(this.#attempt, this.options.retry ?? DEFAULT_RETRY, this.hooks.random?.());
    this.#attempt += 1;
    return Math.max(delay, Math.min(error?.details.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
  }

  #setState(state: SenderState): void {
    const changed = state.kind !== this.#state.kind || state.kind !== "ok";
    this.#state = state;
    if (changed) this.hooks.onState?.(state);
  }

  #settleFlushes(error?: unknown): void {
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const { resolve, reject } of flushes) error === undefined ? resolve() : reject(error);
  }
}
