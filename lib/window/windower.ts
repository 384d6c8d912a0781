import { SavedState, type Snapshotable } from "../numeric/state";
import type { Summary } from "./summary";

/** A window that is complete. Times in ms; `end` is not inside for windows by time, and the last reading's for others. */
export interface ClosedWindow {
  readonly summary: Summary;
  readonly start: number;
  readonly end: number;
  /** True when some readings had to be left out, because there were more than memory is given. */
  readonly truncated?: boolean;
}

/** Sorts the values of one series into windows. Windows that close are appended to `closed`, the earliest first. */
export interface Windower extends Snapshotable {
  /**
   * Takes a value measured at `time` and arrived at `now`, both ms since the epoch.
   * False when the window it belongs to has closed already.
   */
  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean;
  /** Closes what is complete at the wall-clock time `now`, although no reading has come to say so. */
  tick(now: number, closed: ClosedWindow[]): void;
  /** Closes everything, complete or not. */
  flush(closed: ClosedWindow[]): void;
}

/**
 * How far a series has come in event time: its latest reading's time, and when no more come, that time carried on by the
 * wall clock. A replayed recording therefore closes its windows as correctly as a live sensor, which the wall
 * clock alone could not.
 */
export class Watermark implements Snapshotable {
  #latest = Number.NEGATIVE_INFINITY;
  #arrived = 0;

  get latest(): number {
    return this.#latest;
  }

  observe(time: number, now: number): void {
    if (time > this.#latest) this.#latest = time;
    this.#arrived = now;
  }

  at(now: number): number {
    return this.#latest + Math.max(0, now - this.#arrived);
  }

  /** Wall-clock time since the last reading, ms. */
  silence(now: number): number {
    return now - this.#arrived;
  }

  snapshot(): unknown {
    return { latest: Number.isFinite(this.#latest) ? this.#latest : undefined, arrived: this.#arrived };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#arrived = saved.number("arrived");
    this.#latest = saved.optionalNumber("latest") ?? Number.NEGATIVE_INFINITY;
  }
}
