import { SavedState, type Snapshotable } from "../numeric/state";

/** What the time of a reading is to the device's earlier ones. */
export type Tick =
  /** Not before any of them. */
  | "on"
  /** Before the newest of them. */
  | "late"
  /** So far ahead that it is taken for a mistake until a reading after it says the same; to be left out. */
  | "leap"
  /** The newest before was a mistake, or the device's clock was set back: time begins anew with this reading. */
  | "restarted";

const HOUR_MS = 3_600_000;
/** A step ahead by less is none to doubt. */
const DOUBTED_FROM_MS = 24 * HOUR_MS;
/** Nor one by less than so many of the device's intervals. */
const DOUBTED_INTERVALS = 1000;
/** What is late by less stays late, however much of it comes: a device sends what it could not send. */
const LATE_MS = HOUR_MS;
/** Readings in a row that are late by more, and in their own order, after which the newest is disbelieved. */
const LATE_IN_A_ROW = 10;

/**
 * The time of one device by the timestamps of its readings. One reading with a wrong year must not make all that come after it
 * too late for good: what leaps ahead has to be confirmed, and what was confirmed wrongly is given up when the device goes on
 * in another time. Readings of one timestamp count as one.
 */
export class DeviceClock implements Snapshotable {
  #first: number | undefined;
  #latest = Number.NEGATIVE_INFINITY;
  /** Steps from the first to the latest. */
  #steps = 0;
  #leapt: number | undefined;
  #lastLate = Number.NEGATIVE_INFINITY;
  #late = 0;

  /** Of the newest reading, ms since the epoch; undefined before the first. */
  get latest(): number | undefined {
    return this.#first === undefined ? undefined : this.#latest;
  }

  tick(timestamp: number): Tick {
    if (this.#first === undefined) return this.#begin(timestamp, "on");
    if (timestamp < this.#latest) return this.#takeLate(timestamp);
    this.#late = 0;
    if (timestamp === this.#latest) return "on";
    if (this.#isLeap(timestamp)) {
      this.#leapt = timestamp;
      return "leap";
    }
    this.#leapt = undefined;
    this.#latest = timestamp;
    this.#steps += 1;
    return "on";
  }

  #begin(timestamp: number, tick: Tick): Tick {
    this.#first = this.#latest = timestamp;
    this.#steps = this.#late = 0;
    this.#leapt = undefined;
    return tick;
  }

  #isLeap(timestamp: number): boolean {
    if (this.#steps === 0 || timestamp - this.#latest <= this.#doubtedFrom()) return false;
    const leapt = this.#leapt;
    return leapt === undefined || timestamp <= leapt || timestamp - leapt > this.#doubtedFrom();
  }

  #doubtedFrom(): number {
    const interval = (this.#latest - (this.#first as number)) / this.#steps;
    return Math.max(DOUBTED_FROM_MS, DOUBTED_INTERVALS * interval);
  }

  #takeLate(timestamp: number): Tick {
    if (this.#latest - timestamp <= LATE_MS) {
      this.#late = 0;
      return "late";
    }
    if (this.#late > 0 && timestamp < this.#lastLate) this.#late = 0;
    if (this.#late === 0 || timestamp > this.#lastLate) this.#late += 1;
    this.#lastLate = timestamp;
    return this.#late < LATE_IN_A_ROW ? "late" : this.#begin(timestamp, "restarted");
  }

  snapshot(): unknown {
    if (this.#first === undefined) return {};
    const late = this.#late > 0 ? { late: this.#late, lastLate: this.#lastLate } : {};
    return { first: this.#first, latest: this.#latest, steps: this.#steps, leapt: this.#leapt, ...late };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const first = saved.optionalNumber("first");
    if (first === undefined) return;
    const [latest, steps] = [saved.number("latest"), saved.index("steps", Number.MAX_SAFE_INTEGER)];
    const late = saved.optionalNumber("late") ?? 0;
    const lastLate = saved.optionalNumber("lastLate") ?? Number.NEGATIVE_INFINITY;
    this.#leapt = saved.optionalNumber("leapt");
    [this.#first, this.#latest, this.#steps, this.#late, this.#lastLate] = [first, latest, steps, late, lastLate];
  }
}
