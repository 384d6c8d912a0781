import { numberWithin, SavedState, StateError } from "../numeric";
import type { LineSignal, TimedReading } from "./contract";

/**
 * Passes a level on once it has lasted, with the time since when: contacts bounce for some ms, and long wires catch
 * spikes. The kernel does the same where the chip's driver supports it.
 */
export class Debounced implements LineSignal {
  #settled = false;
  /** A level that has not lasted long enough yet. */
  #pending: { readonly active: boolean; readonly since: number } | undefined;

  /** @param ms how long a level has to last; 0 to 60 000. @throws RangeError */
  constructor(
    private readonly signal: LineSignal,
    private readonly ms: number,
  ) {
    numberWithin("debounce", ms, 0, 60_000);
  }

  get channels() {
    return this.signal.channels;
  }

  get dueAt(): number | undefined {
    const settles = this.#pending && this.#pending.since + this.ms;
    const { dueAt } = this.signal;
    if (settles === undefined || dueAt === undefined) return settles ?? dueAt;
    return Math.min(settles, dueAt);
  }

  start(active: boolean, now: number): TimedReading[] {
    this.#settled = active;
    this.#pending = undefined;
    return this.signal.start(active, now);
  }

  edge(active: boolean, now: number): TimedReading[] {
    const before = this.#settle(now);
    if (active === this.#settled) this.#pending = undefined;
    else this.#pending ??= { active, since: now };
    return [...before, ...this.#settle(now)];
  }

  at(now: number): TimedReading[] {
    return [...this.#settle(now), ...this.signal.at(now)];
  }

  #settle(now: number): TimedReading[] {
    const pending = this.#pending;
    if (!pending) return [];
    // After a step back of the clock nobody knows how long it has lasted.
    if (now < pending.since) this.#pending = { ...pending, since: now };
    if (now - pending.since < this.ms) return [];
    this.#pending = undefined;
    this.#settled = pending.active;
    return this.signal.edge(pending.active, pending.since);
  }

  snapshot(): unknown {
    return { signal: this.signal.snapshot() };
  }

  restore(state: unknown): void {
    const signal = new SavedState(state).any("signal");
    if (signal === undefined) throw new StateError("signal: expected a saved state");
    this.signal.restore(signal);
  }
}
