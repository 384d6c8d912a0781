import type { Transferable } from "node:worker_threads";
import { workerFile } from "./entry";
import { WorkerClosedError, WorkerDiedError, WorkerTimeoutError } from "./errors";
import type { Executor, ExecutorEvents, Isolation } from "./executor";
import { received, type WorkerMessage } from "./messages";
import { ProcessExecutor } from "./process/process-executor";
import { ThreadExecutor } from "./thread-executor";

export interface WorkerHostOptions {
  /** For messages, and for the thread's or process's name in diagnostics. */
  readonly name: string;
  /** A thread by default; native code belongs in a process. */
  readonly isolation?: Isolation;
  /** Longest time a call may take from when the worker gets it, ms; none by default. */
  readonly timeoutMs?: number;
  /**
   * Most memory the worker may take, MB; beyond it the worker ends, and nothing else. Of a thread it bounds the JavaScript heap
   * alone; of a process all that it has besides the runtime itself.
   */
  readonly memoryMb?: number;
  /** How often a call is given to a new worker when the one that had it died; 1 by default. */
  readonly retries?: number;
  /** Told when a worker died and was replaced. */
  readonly onRestart?: (reason: Error) => void;
}

export interface CallOptions {
  /** Moved to the worker's thread instead of copied, and copied to a process; such a call cannot be retried. */
  readonly transfer?: readonly Transferable[];
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly onProgress?: (progress: unknown) => void;
  /** Gives the call up. The worker, which cannot be interrupted otherwise, is ended and replaced. */
  readonly signal?: AbortSignal;
}

interface PendingCall {
  readonly method: string;
  readonly argument: unknown;
  readonly options: CallOptions;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly stopListening: () => void;
  retriesLeft: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * One worker, a thread or a process, and its supervision. It starts with the first call and is replaced when it dies; it keeps the
 * process alive only while a call waits. Calls that it had are given to the next one as often as `retries` says, then rejected.
 */
export class WorkerHost {
  /** Workers that died and were replaced. */
  restarts = 0;
  readonly #file: string;
  readonly #pending = new Map<number, PendingCall>();
  #worker: Executor | undefined;
  #nextId = 1;
  #closed = false;

  /** @param entry path under lib without extension, of a module that calls `serve` */
  constructor(
    entry: string,
    private readonly options: WorkerHostOptions,
  ) {
    this.#file = workerFile(entry);
  }

  /** Calls that wait for their answer. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * @returns what the worker's method returned
   * @throws WorkerTimeoutError, WorkerDiedError, WorkerClosedError, the signal's reason, or an error of the name and message that the method threw
   */
  call<Result>(method: string, argument?: unknown, options: CallOptions = {}): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closed) throw new WorkerClosedError(`${this.options.name}: closed`);
      options.signal?.throwIfAborted();
      const id = this.#nextId++;
      const abort = (): void => this.#abandon(id, asError(options.signal?.reason));
      options.signal?.addEventListener("abort", abort, { once: true });
      const call: PendingCall = {
        method,
        argument,
        options,
        resolve: resolve as (result: unknown) => void,
        reject,
        stopListening: () => options.signal?.removeEventListener("abort", abort),
        retriesLeft: options.transfer ? 0 : (options.retries ?? this.options.retries ?? 1),
        timer: undefined,
      };
      this.#pending.set(id, call);
      try {
        this.#send(id, call);
      } catch (error) {
        // What cannot be cloned never reached the worker.
        this.#settle(id)?.reject(asError(error));
      }
    });
  }

  /** Ends the worker; calls that wait are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id)?.reject(new WorkerClosedError(`${this.options.name}: closed`));
    }
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    // Who waits for the end must not have the process end before.
    worker.ref();
    await worker.end();
  }

  #send(id: number, { method, argument, options }: PendingCall): void {
    const worker = this.#worker ?? this.#start();
    worker.ref();
    worker.send({ id, method, argument }, options.transfer ?? []);
    const limit = options.timeoutMs ?? this.options.timeoutMs;
    const call = this.#pending.get(id);
    if (!call || limit === undefined) return;
    call.timer = setTimeout(() => {
      const message = `${this.options.name}: ${method} took longer than ${limit} ms`;
      this.#abandon(id, new WorkerTimeoutError(message));
    }, limit);
    call.timer.unref();
  }

  #start(): Executor {
    const { name, memoryMb, isolation } = this.options;
    const Chosen = isolation === "process" ? ProcessExecutor : ThreadExecutor;
    const events: ExecutorEvents = {
      // Of one that was given up, what it still says concerns nobody: its calls were settled or given to another.
      onMessage: (message) => {
        if (this.#worker === worker) this.#receive(message);
      },
      onExit: (reason) => this.#exited(worker, reason),
    };
    const worker = new Chosen(this.#file, { name, memoryMb }, events);
    this.#worker = worker;
    return worker;
  }

  #receive(message: WorkerMessage): void {
    if (message.kind === "ready" || message.kind === "failed") return;
    if (message.kind === "progress") {
      const call = this.#pending.get(message.id);
      // A listener's mistake is not the worker's.
      try {
        call?.options.onProgress?.(message.progress);
      } catch (error) {
        this.#abandon(message.id, asError(error));
      }
      return;
    }
    const call = this.#settle(message.id);
    if (message.kind === "result") call?.resolve(message.result);
    else call?.reject(received(message.error));
  }

  /** Rejects one call and replaces the worker, which may be caught in it. */
  #abandon(id: number, reason: Error): void {
    const call = this.#settle(id);
    if (!call) return;
    call.reject(reason);
    const worker = this.#worker;
    if (!worker) return;
    this.#exited(worker, reason, false);
    worker.unref();
    worker.end().catch(() => undefined);
  }

  /** @param counts whether the calls that it had use up one of their retries: not when the host itself ended it for another one */
  #exited(worker: Executor, reason: Error, counts = true): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#closed) return;
    this.restarts += 1;
    for (const [id, call] of [...this.#pending]) this.#retry(id, call, reason, counts);
    try {
      this.options.onRestart?.(reason);
    } catch (error) {
      console.error(`${this.options.name}: onRestart failed:`, error);
    }
  }

  #retry(id: number, call: PendingCall, reason: Error, counts: boolean): void {
    clearTimeout(call.timer);
    if (call.options.transfer || (counts && call.retriesLeft <= 0)) {
      const message = `${this.options.name}: the worker ended during ${call.method}: ${reason.message}`;
      this.#settle(id)?.reject(new WorkerDiedError(message, { cause: reason }));
      return;
    }
    if (counts) call.retriesLeft -= 1;
    try {
      this.#send(id, call);
    } catch (error) {
      this.#settle(id)?.reject(asError(error));
    }
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#pending.get(id);
    if (!call) return undefined;
    this.#pending.delete(id);
    clearTimeout(call.timer);
    call.stopListening();
    if (this.#pending.size === 0) this.#worker?.unref();
    return call;
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
