import { SavedState, type Snapshotable } from "../numeric/state";

/** What the time of a reading is to the device's earlier ones. */
export type Tick =
  /** Not before any of them. */
  | "on"
  /** Before the newest of them. */
  | "late"
  /** So far ahead that it is taken for a mistake until a reading after it says the same; to be left out. */
  | "leap"
  /** It says the same as the leap before it: the device went on there, after a pause or in another time. */
  | "resumed"
  /** The newest before was a mistake, or the device's clock was set back: time begins anew with this reading. */
  | "restarted";

const HOUR_MS = 3_600_000;
/** A step ahead by less is none to doubt. */
const DOUBTED_FROM_MS = 24 * HOUR_MS;
/** Nor one by less than so many of the device's intervals. */
const DOUBTED_INTERVALS = 50;
/** What is late by less stays late, however much of it comes: a device sends what it could not send. */
const LATE_MS = HOUR_MS;
/** Readings in a row that are late by more, and in their own order, after which the newest is disbelieved. */
const LATE_IN_A_ROW = 10;
/** Leaps in a row, each further ahead, of which the last is believed: nobody errs so steadily. */
const LEAPS_IN_A_ROW = 3;
/** Two steps are alike when neither is longer than so many times the other. */
const ALIKE = 2;
/** A longer pause is no rule: the clock of a device was set from 1970, say. */
const LONGEST_PAUSE_MS = 366 * 24 * HOUR_MS;

/** A step ahead that waits for one that says the same. */
interface Leap {
  readonly to: number;
  /** From the leap before it, or from the latest reading. */
  readonly size: number;
  readonly inRow: number;
}

/**
 * The time of one device by the timestamps of its readings. One reading with a wrong year must not make all that come after it
 * too late for good: what leaps ahead has to be confirmed, and what was confirmed wrongly is given up when the device goes on
 * in another time. A reading soon after the leap confirms it, one that is as far from it as it leapt, and a third leap in a row; pauses as
 * long as those are then taken for usual, since a device may come to report rarely. Readings of one timestamp count as one.
 */
export class DeviceClock implements Snapshotable {
  /** Of the first reading, later by the pauses since. */
  #first: number | undefined;
  #latest = Number.NEGATIVE_INFINITY;
  /** Steps from the first to the latest. */
  #steps = 0;
  #leap: Leap | undefined;
  /** The longest pause that was confirmed. */
  #pause = 0;
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
    if (this.#steps > 0 && timestamp - this.#latest > this.#doubtedFrom()) return this.#takeLeap(timestamp);
    this.#leap = undefined;
    this.#latest = timestamp;
    this.#steps += 1;
    return "on";
  }

  #begin(timestamp: number, tick: Tick): Tick {
    this.#first = this.#latest = timestamp;
    this.#steps = this.#late = this.#pause = 0;
    this.#leap = undefined;
    return tick;
  }

  #doubtedFrom(): number {
    const interval = (this.#latest - (this.#first as number)) / this.#steps;
    return Math.max(DOUBTED_FROM_MS, DOUBTED_INTERVALS * interval, ALIKE * this.#pause);
  }

  #takeLeap(timestamp: number): Tick {
    if (timestamp === this.#leap?.to) return "leap";
    const before = this.#leap && timestamp > this.#leap.to ? this.#leap : undefined;
    const size = timestamp - (before?.to ?? this.#latest);
    if (before && this.#isConfirmed(before, size)) return this.#resume(timestamp, Math.max(before.size, size));
    this.#leap = { to: timestamp, size, inRow: (before?.inRow ?? 0) + 1 };
    return "leap";
  }

  #isConfirmed(leap: Leap, size: number): boolean {
    if (size <= this.#doubtedFrom() || leap.inRow + 1 === LEAPS_IN_A_ROW) return true;
    return size <= ALIKE * leap.size && leap.size <= ALIKE * size;
  }

  /** A pause is no part of the device's usual interval. */
  #resume(timestamp: number, pause: number): Tick {
    if (pause <= LONGEST_PAUSE_MS) this.#pause = Math.max(this.#pause, pause);
    this.#first = (this.#first as number) + (timestamp - this.#latest);
    this.#latest = timestamp;
    this.#leap = undefined;
    return "resumed";
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
    const { to, size, inRow } = this.#leap ?? {};
    const leap = { leapt: to, leap: size, leaps: inRow };
    return { first: this.#first, latest: this.#latest, steps: this.#steps, pause: this.#pause, ...leap, ...late };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const first = saved.optionalNumber("first");
    if (first === undefined) return;
    const [latest, steps] = [saved.number("latest"), saved.index("steps", Number.MAX_SAFE_INTEGER)];
    const late = saved.optionalNumber("late") ?? 0;
    const lastLate = saved.optionalNumber("lastLate") ?? Number.NEGATIVE_INFINITY;
    this.#leap = restoredLeap(saved, latest);
    this.#pause = saved.optionalNumber("pause") ?? 0;
    [this.#first, this.#latest, this.#steps, this.#late, this.#lastLate] = [first, latest, steps, late, lastLate];
  }
}

/** Once a leap was saved by its time alone. */
function restoredLeap(saved: SavedState, latest: number): Leap | undefined {
  const to = saved.optionalNumber("leapt");
  if (to === undefined) return undefined;
  return { to, size: saved.optionalNumber("leap") ?? to - latest, inRow: saved.optionalNumber("leaps") ?? 1 };
}
