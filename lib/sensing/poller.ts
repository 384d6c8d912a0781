export interface PollerWiring {
  /** Ms of a clock that does not go backwards. */
  now(): number;
  /** Calls back once after so many ms. Returns what undoes it. */
  after(ms: number, work: () => void): () => void;
  /** Until the next poll, ms. */
  interval(): number;
  /** Never rejects. The next poll waits for it. */
  poll(): Promise<void>;
  /** Polls that could not begin in their time, because the one before took too long. */
  skipped?(polls: number): void;
}

/**
 * Polls on a fixed grid: however long a poll takes, and however late a timer is, the next one is due an interval after
 * the one before was due. A poll that is still at work when the next are due takes their place; they are counted.
 */
export class Poller {
  #due = 0;
  #cancel: (() => void) | undefined;
  #isRunning = false;
  #isPolling = false;

  constructor(private readonly wiring: PollerWiring) {}

  /** Begins after so many ms. */
  start(delayMs = 0): void {
    this.#isRunning = true;
    this.#due = this.wiring.now() + delayMs;
    this.#schedule();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancel?.();
  }

  /** The interval has become shorter: the next poll need not wait for the end of the old one. */
  hasten(): void {
    const sooner = this.wiring.now() + this.wiring.interval();
    if (!this.#isRunning || this.#isPolling || sooner >= this.#due) return;
    this.#due = sooner;
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = this.wiring.after(Math.max(0, this.#due - this.wiring.now()), () => void this.#poll());
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    await this.wiring.poll();
    this.#isPolling = false;
    if (!this.#isRunning) return;
    const interval = this.wiring.interval();
    this.#due += interval;
    const late = this.wiring.now() - this.#due;
    if (late >= interval) {
      const skipped = Math.floor(late / interval);
      this.#due += skipped * interval;
      this.wiring.skipped?.(skipped);
    }
    this.#schedule();
  }
}
