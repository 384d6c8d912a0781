import type { Reading } from "../reading";
import { type CsvChunk, CsvError, type CsvProblem, type CsvRow } from "./contract";
import { ReplayClock, type ReplayOptions } from "./replay-clock";
import { timeSpanOf } from "./time-span";

/** Readings of a batch at most, and how early a row may go out with the one before it, ms. */
const MAX_BATCH = 500;
const LEAD_MS = 5;
/** A timer cannot wait longer; what is due later is looked at again. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export interface PlayerOptions extends ReplayOptions {
  /** Begin again at the end. */
  readonly loop: boolean;
}

/** Where the played readings go. */
export interface PlayerSink {
  /** The next batch comes when this one is settled, so that a slow flow slows the player. */
  batch(readings: readonly Reading[]): void | Promise<void>;
  problem(problem: CsvProblem): void;
}

/** The clock on the wall, for tests one of their own. `wait` resolves after the time, or at once when it is aborted. */
export interface PlayerTime {
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export interface PlayerCounts {
  readonly rounds: number;
  readonly rows: number;
  readonly readings: number;
  readonly problems: number;
  /** Recorded time of the last row, ms since the epoch. */
  readonly recorded: number | undefined;
}

/** Plays a recording once, or round after round: rows go out when they are due, those due together as one batch. */
export class CsvPlayer {
  #counts = { rounds: 0, rows: 0, readings: 0, problems: 0, recorded: undefined as number | undefined };
  #clock: ReplayClock | undefined;
  #pending: Reading[] = [];
  #interval = 0;
  #pause: Pause | undefined;
  /** Wakes the player from a wait when it is paused, resumed or stopped. */
  #wake = new AbortController();
  /** Ends the wait for a batch in the flow. */
  #giveUp: () => void = () => {};
  #isStopped = false;

  /**
   * @param open reads the recording from its beginning
   */
  constructor(
    private readonly open: () => AsyncIterable<CsvChunk>,
    private readonly options: PlayerOptions,
    private readonly sink: PlayerSink,
    private readonly time: PlayerTime = wallTime,
  ) {}

  get counts(): PlayerCounts {
    return { ...this.#counts };
  }

  get paused(): boolean {
    return this.#pause !== undefined;
  }

  get stopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Resolves when the recording has ended or the player was stopped.
   * @throws CsvError, or what reading the file throws
   */
  async play(): Promise<PlayerCounts> {
    do {
      await this.#playRound();
      if (this.options.loop) await this.#restBetweenRounds();
    } while (this.options.loop && !this.#isStopped);
    return this.counts;
  }

  pause(): void {
    if (this.#pause || this.#isStopped) return;
    this.#pause = { since: this.time.now(), over: deferred() };
    this.#wakeUp();
  }

  /** What comes next is due as much later as the pause has taken. */
  resume(): void {
    const pause = this.#pause;
    if (!pause) return;
    this.#pause = undefined;
    this.#clock = this.#clock?.delayedBy(this.time.now() - pause.since);
    pause.over.resolve();
  }

  /** Ends it where it is. What has been read and was not due is not sent. */
  stop(): void {
    this.#isStopped = true;
    this.#giveUp();
    this.#pause?.over.resolve();
    this.#wakeUp();
  }

  async #playRound(): Promise<void> {
    const span = this.#needsSpan ? await timeSpanOf(this.open()) : undefined;
    const rowsBefore = this.#counts.rows;
    let last: number | undefined;
    this.#clock = undefined;
    for await (const { rows, problems } of this.open()) {
      for (const problem of problems) this.#tell(problem);
      for (const row of rows) {
        this.#clock ??= new ReplayClock(this.options, span ?? onlyOf(row), this.time.now());
        await this.#untilDue(row);
        if (this.#isStopped) return;
        this.#interval = last === undefined ? 0 : Math.max(0, row.timestamp - last);
        last = row.timestamp;
        await this.#take(row);
      }
      if (this.#isStopped) return;
    }
    await this.#flush();
    if (this.#counts.rows === rowsBefore) throw new CsvError("the file has no rows that can be read");
    this.#counts.rounds += 1;
  }

  /** Only a recording that is to end now must be known to its end. */
  get #needsSpan(): boolean {
    return this.options.speed === "max" && !this.options.keepTime;
  }

  async #untilDue(row: CsvRow): Promise<void> {
    while (!this.#isStopped) {
      if (this.#pause) {
        await this.#flush();
        await this.#pause?.over.promise;
        continue;
      }
      const wait = this.#clock!.due(row.timestamp) - this.time.now();
      if (wait <= LEAD_MS) return;
      await this.#flush();
      await this.#wait(wait);
    }
  }

  async #take(row: CsvRow): Promise<void> {
    const timestamp = this.#clock!.timestampOf(row.timestamp);
    for (const reading of row.readings) {
      this.#pending.push(this.options.keepTime ? { ...reading, historical: true } : { ...reading, timestamp });
    }
    this.#counts.rows += 1;
    this.#counts.recorded = row.timestamp;
    if (this.#pending.length >= MAX_BATCH) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0 || this.#isStopped) return;
    const batch = this.#pending;
    this.#pending = [];
    this.#counts.readings += batch.length;
    const taken = this.sink.batch(batch);
    // A flow that never finishes must not keep a stopped player, and its file, open.
    if (taken) {
      await new Promise<void>((resolve, reject) => {
        this.#giveUp = resolve;
        taken.then(resolve, reject);
      });
    }
  }

  /** The first row of a round follows the last one of the round before at the interval that the last two had. */
  async #restBetweenRounds(): Promise<void> {
    const { speed } = this.options;
    if (speed !== "max" && !this.#isStopped) await this.#wait((this.#interval || 1000) / speed);
  }

  async #wait(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await this.time.wait(Math.min(ms, LONGEST_WAIT_MS), this.#wake.signal);
  }

  #wakeUp(): void {
    this.#wake.abort();
  }

  #tell(problem: CsvProblem): void {
    this.#counts.problems += 1;
    this.sink.problem(problem);
  }
}

interface Pause {
  readonly since: number;
  readonly over: Deferred;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, resolve };
}

function onlyOf({ timestamp }: CsvRow): { first: number; last: number } {
  return { first: timestamp, last: timestamp };
}

const wallTime: PlayerTime = {
  now: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    }),
};
