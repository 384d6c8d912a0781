/**
 * Keeps the order of messages for behaviours that take time: at most `limit` are in work, the rest wait their turn, and
 * beyond `maxWaiting` a message is turned away rather than letting memory grow.
 */
export class InputQueue {
  readonly #waiting: (() => void | Promise<void>)[] = [];
  #running = 0;

  constructor(
    readonly limit = 1,
    readonly maxWaiting = 10_000,
  ) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs the work now or later; false when too many wait already. Work must not throw or reject. */
  add(work: () => void | Promise<void>): boolean {
    if (this.#running < this.limit) {
      this.#run(work);
      return true;
    }
    if (this.#waiting.length >= this.maxWaiting) return false;
    this.#waiting.push(work);
    return true;
  }

  #run(work: () => void | Promise<void>): void {
    this.#running += 1;
    const result = work();
    // Synchronous work, which is nearly all of it, must not pay for a promise.
    if (result instanceof Promise) void result.then(() => this.#next());
    else this.#next();
  }

  #next(): void {
    this.#running -= 1;
    const work = this.#waiting.shift();
    if (work) this.#run(work);
  }
}
