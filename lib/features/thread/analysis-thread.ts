import { countOf } from "../../text/plural";
import { WorkerClosedError, WorkerHost } from "../../workers";
import type { AnalysisRequest, AnalysisResult, AnalysisSetting } from "./request";

/** Blocks that the thread has at once: one in work and one behind it, so that it never waits for the event loop. */
const IN_HAND = 2;
/** Of one block, the one before it included: the longest with everything asked takes seconds on a small computer. */
const TIMEOUT_MS = 120_000;
const MEMORY_MB = 512;
/** Samples of one user that may wait, 16 MB of them: some seconds of work. */
export const MAX_WAITING = 2 ** 21;

/** So much waits for the thread that another block was not taken. */
export class AnalysisBusyError extends Error {
  override readonly name = "AnalysisBusyError";
}

interface Job {
  readonly request: AnalysisRequest;
  readonly resolve: (result: AnalysisResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The thread in which long blocks are analysed, one for all nodes of the process: analysis is pure computation, so that more threads
 * than free cores only take time from the flow, and each holds 10 MB and tables of its own. Users take turns block by block: one with much to
 * do does not hold up another. A thread that dies is replaced, and what it had is done again, which is why samples are copied to it and not moved:
 * copying a block takes a thousandth of its analysis.
 */
export class AnalysisThread {
  readonly #users: AnalysisUser[] = [];
  #host: WorkerHost | undefined;
  #inHand = 0;

  /** @param entry of the thread, as WorkerHost takes it */
  constructor(private readonly entry = "features/thread/worker") {}

  /** @param onRestart told when the thread died and was replaced */
  join(setting: AnalysisSetting, onRestart: (reason: Error) => void): AnalysisUser {
    const user: AnalysisUser = new AnalysisUser(
      setting,
      onRestart,
      () => this.#work(),
      () => this.#leave(user),
    );
    this.#users.push(user);
    return user;
  }

  /** The thread starts with the first block. */
  #work(): void {
    while (this.#inHand < IN_HAND) {
      const user = this.#users.find(({ hasNext }) => hasNext);
      if (!user) return;
      // Who was served now is asked last next time.
      this.#users.push(...this.#users.splice(this.#users.indexOf(user), 1));
      this.#inHand += 1;
      void user
        .runNext((argument) => this.#call(argument))
        .then(() => {
          this.#inHand -= 1;
          this.#work();
        });
    }
  }

  #call(argument: { readonly setting: AnalysisSetting; readonly request: AnalysisRequest }): Promise<AnalysisResult> {
    this.#host ??= new WorkerHost(this.entry, {
      name: "features",
      timeoutMs: TIMEOUT_MS,
      memoryMb: MEMORY_MB,
      onRestart: (reason) => {
        for (const user of this.#users) user.onRestart(reason);
      },
    });
    return this.#host.call<AnalysisResult>("analyse", argument);
  }

  /** The last one to go ends the thread. */
  async #leave(user: AnalysisUser): Promise<void> {
    const at = this.#users.indexOf(user);
    if (at >= 0) this.#users.splice(at, 1);
    if (this.#users.length > 0) return;
    const host = this.#host;
    this.#host = undefined;
    await host?.close();
  }
}

/** One node's use of the thread: its blocks are done in their order. */
export class AnalysisUser {
  readonly #jobs: Job[] = [];
  readonly #inHand = new Set<Job>();
  #waitingSamples = 0;
  #unanswered = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(
    private readonly setting: AnalysisSetting,
    readonly onRestart: (reason: Error) => void,
    private readonly wake: () => void,
    private readonly onLeave: () => Promise<void>,
  ) {}

  /** Blocks that are not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  get hasNext(): boolean {
    return this.#jobs.length > 0;
  }

  /**
   * Blocks of one message, all or none of which are taken; a message is taken when nothing waits, however long.
   * @returns their results in their order; rejected with AnalysisBusyError when too much waits already, WorkerDiedError,
   * WorkerTimeoutError, WorkerClosedError or OptionalModuleError
   */
  analyseAll(requests: readonly AnalysisRequest[]): Promise<PromiseSettledResult<AnalysisResult>[]> {
    const problem = this.#problemWith(requests);
    const answers = requests.map((request) => (problem ? Promise.reject(problem) : this.#add(request)));
    this.wake();
    return Promise.allSettled(answers);
  }

  #problemWith(requests: readonly AnalysisRequest[]): Error | undefined {
    if (this.#isClosed) return closedError();
    const samples = requests.reduce((sum, { block }) => sum + block.samples.length, this.#waitingSamples);
    if (!this.hasNext || samples <= MAX_WAITING) return undefined;
    const waiting = countOf(this.#jobs.length, "block");
    return new AnalysisBusyError(`not analysed: ${waiting} wait already, they come faster than they can be analysed`);
  }

  #add(request: AnalysisRequest): Promise<AnalysisResult> {
    this.#waitingSamples += request.block.samples.length;
    this.#unanswered += 1;
    return new Promise((resolve, reject) => this.#jobs.push({ request, resolve, reject }));
  }

  /** For the thread: gives it the next block, and the user the answer. Never rejects. */
  async runNext(
    call: (argument: { setting: AnalysisSetting; request: AnalysisRequest }) => Promise<AnalysisResult>,
  ): Promise<void> {
    const job = this.#take();
    if (!job) return;
    this.#inHand.add(job);
    try {
      job.resolve(await call({ setting: this.setting, request: job.request }));
    } catch (error) {
      job.reject(error instanceof Error ? error : new Error(String(error)));
    }
    this.#inHand.delete(job);
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#onIdle?.();
  }

  #take(): Job | undefined {
    const job = this.#jobs.shift();
    if (job) this.#waitingSamples -= job.request.block.samples.length;
    return job;
  }

  /**
   * Takes no more, and waits for what was taken.
   * @param patienceMs what is not answered by then is rejected
   * @returns how many blocks that were
   */
  async leave(patienceMs: number): Promise<number> {
    this.#isClosed = true;
    await this.#idleWithin(patienceMs);
    const left = this.#unanswered;
    for (const { reject } of [...this.#inHand, ...this.#jobs.splice(0)]) reject(closedError());
    await this.onLeave();
    return left;
  }

  async #idleWithin(ms: number): Promise<void> {
    if (this.#unanswered === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }
}

function closedError(): Error {
  return new WorkerClosedError("the node was closed before it was analysed");
}

/** For all nodes of the process. */
export const analysisThread = new AnalysisThread();
