import { SavedState, type Snapshotable } from "../numeric/state";

/** Times that are remembered: as many as a broker or a device sends twice after a connection was lost. */
const REMEMBERED = 64;

/**
 * Counts the cycles of a device of which each has a reading: one a timestamp, however often it is delivered. A late reading of a time that was not
 * there yet is a cycle; what is older than all that is remembered was counted long ago.
 */
export class CycleCounter implements Snapshotable {
  #count = 0;
  /** The times that were counted last. */
  #recent: number[] = [];

  get count(): number {
    return this.#count;
  }

  take(timestamp: number): void {
    const recent = this.#recent;
    if (recent.includes(timestamp)) return;
    if (recent.length === REMEMBERED && timestamp < Math.min(...recent)) return;
    this.#count += 1;
    recent.push(timestamp);
    if (recent.length > REMEMBERED) recent.shift();
  }

  /** The device's time begins anew: earlier times are new ones. */
  restart(): void {
    this.#recent = [];
  }

  snapshot(): unknown {
    return { count: this.#count, recent: this.#recent };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#count = saved.index("count", Number.MAX_SAFE_INTEGER);
    this.#recent = [...saved.numbers("recent", REMEMBERED)];
  }
}
