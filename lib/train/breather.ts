import { setImmediate } from "node:timers/promises";

/** Longest time that a fit holds its thread, ms. */
const HOLD = 50;

/** Gives the event loop its turn several times a second, and ends a fit whose signal is aborted. */
export class Breather {
  #latest = performance.now();

  constructor(private readonly signal: AbortSignal | undefined) {}

  /** @throws the signal's reason when it is aborted */
  async breathe(): Promise<void> {
    this.signal?.throwIfAborted();
    if (performance.now() - this.#latest < HOLD) return;
    await setImmediate();
    this.#latest = performance.now();
    this.signal?.throwIfAborted();
  }
}
