import { DeviceClock } from "../clock";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";

/** Parts of the span that leave it one after the other. */
const PARTS = 96;

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Sample variance, divisor n - 1; 0 for fewer than two values. */
  readonly variance: number;
}

/**
 * Mean and variance of what came within a span of time, however many values that is: kept as the moments of 96 parts of the
 * span (15 minutes of a day), of which the oldest leaves at once, so that nothing older than the span ever counts. Joined by
 * Chan, Golub and LeVeque 1979 (Stanford STAN-CS-79-773, eq. 2.1). O(1) a value, O(parts) once a part.
 *
 * Values may come late as long as their part is still there. What is dated far ahead, or before the span, waits until others say
 * the same: one wrong year costs nothing of the span, and cannot stop a series either.
 */
export class RecentMoments implements Snapshotable {
  readonly #width: number;
  /** By the part's number modulo the number of parts. Means are taken from the first value of all. */
  readonly #counts = new Float64Array(PARTS);
  readonly #means = new Float64Array(PARTS);
  readonly #squares = new Float64Array(PARTS);
  #origin: number | undefined;
  #clock = new DeviceClock();
  /** Number of the newest part: its time over the width. */
  #newest = 0;
  /** All parts but the newest. */
  #others = new Sum();

  /** @param span ms */
  constructor(span: number) {
    this.#width = span / PARTS;
  }

  /** Of the values within the span before a time, in ms. A time before the newest value is taken as that one's. */
  at(timestamp: number): Moments {
    const part = Math.max(this.#partOf(timestamp), this.#newest);
    const sum = part === this.#newest ? this.#others.copy() : this.#sumFrom(part - PARTS + 1);
    if (part === this.#newest) this.#addTo(sum, this.#newest);
    const { count, mean, squares } = sum;
    return { count, mean: (this.#origin ?? 0) + mean, variance: count < 2 ? 0 : squares / (count - 1) };
  }

  push(value: number, timestamp: number): void {
    const part = this.#partOf(timestamp);
    if (this.#takesIn(part, value, timestamp)) this.#add(part, value);
  }

  /** Makes room for a value, unless its time is doubted. */
  #takesIn(part: number, value: number, timestamp: number): boolean {
    const { latest } = this.#clock;
    // What comes late for its own part of the span sets no clock back, however much of it comes.
    if (latest !== undefined && timestamp <= latest && part > this.#newest - PARTS) return true;
    const tick = this.#clock.tick(timestamp);
    if (tick === "leap" || tick === "late") return false;
    if (this.#origin === undefined || tick === "restarted") this.#startAt(part, value);
    else if (part > this.#newest) this.#advance(part);
    return true;
  }

  #add(part: number, value: number): void {
    const slot = slotOf(part);
    const count = (this.#counts[slot] as number) + 1;
    const before = this.#means[slot] as number;
    const distance = value - (this.#origin ?? 0);
    const mean = before + (distance - before) / count;
    this.#counts[slot] = count;
    this.#means[slot] = mean;
    this.#squares[slot] = (this.#squares[slot] as number) + (distance - before) * (distance - mean);
    if (part !== this.#newest) this.#others = this.#sumFrom(this.#newest - PARTS + 1, this.#newest - 1);
  }

  clear(): void {
    this.#clock = new DeviceClock();
    this.#empty();
  }

  #empty(): void {
    this.#origin = undefined;
    this.#others = new Sum();
    this.#counts.fill(0);
    this.#means.fill(0);
    this.#squares.fill(0);
  }

  #partOf(timestamp: number): number {
    return Math.floor(timestamp / this.#width);
  }

  #startAt(part: number, value: number): void {
    this.#empty();
    this.#origin = value;
    this.#newest = part;
  }

  /** Makes room for a newer part: what it pushes out of the span goes. */
  #advance(part: number): void {
    const first = Math.max(this.#newest + 1, part - PARTS + 1);
    for (let gone = first; gone <= part; gone++) {
      const slot = slotOf(gone);
      this.#counts[slot] = this.#means[slot] = this.#squares[slot] = 0;
    }
    this.#newest = part;
    this.#others = this.#sumFrom(part - PARTS + 1, part - 1);
  }

  #sumFrom(first: number, last = this.#newest): Sum {
    const sum = new Sum();
    for (let part = Math.max(first, this.#newest - PARTS + 1); part <= last; part++) this.#addTo(sum, part);
    return sum;
  }

  #addTo(sum: Sum, part: number): void {
    const slot = slotOf(part);
    sum.add(this.#counts[slot] as number, this.#means[slot] as number, this.#squares[slot] as number);
  }

  snapshot(): unknown {
    const used = Array.from(this.#counts.keys()).filter((slot) => (this.#counts[slot] as number) > 0);
    return {
      origin: this.#origin,
      newest: this.#newest,
      clock: this.#clock.snapshot(),
      parts: used.map((slot) => [slot, this.#counts[slot], this.#means[slot], this.#squares[slot]]),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const origin = saved.optionalNumber("origin");
    const newest = saved.number("newest");
    // Beyond, the next number is the same one, and a count of parts has no end.
    if (!Number.isSafeInteger(newest)) throw new StateError("newest: expected the number of a part");
    const parts = saved.list("parts", PARTS).map(savedPart);
    this.clear();
    this.#restoreClock(saved.any("clock"), origin === undefined ? undefined : newest);
    for (const [slot, count, mean, squares] of parts) {
      this.#counts[slot] = count;
      this.#means[slot] = mean;
      this.#squares[slot] = squares;
    }
    this.#origin = origin;
    this.#newest = newest;
    this.#others = this.#sumFrom(newest - PARTS + 1, newest - 1);
  }

  /** @throws StateError when the clock is not that of the newest part */
  #restoreClock(saved: unknown, newest: number | undefined): void {
    // States of before there were clocks have the time of the newest part.
    if (saved === undefined && newest !== undefined) this.#clock.tick(newest * this.#width);
    if (saved === undefined) return;
    this.#clock.restore(saved);
    const { latest } = this.#clock;
    const part = latest === undefined ? undefined : this.#partOf(latest);
    if (part !== newest) throw new StateError("clock: does not fit the newest part");
  }
}

/** Moments of several parts together. */
class Sum {
  constructor(
    public count = 0,
    public mean = 0,
    public squares = 0,
  ) {}

  add(count: number, mean: number, squares: number): void {
    if (count === 0) return;
    const total = this.count + count;
    const delta = mean - this.mean;
    this.mean += (delta * count) / total;
    this.squares += squares + (delta * delta * this.count * count) / total;
    this.count = total;
  }

  copy(): Sum {
    return new Sum(this.count, this.mean, this.squares);
  }
}

function slotOf(part: number): number {
  return ((part % PARTS) + PARTS) % PARTS;
}

function savedPart(entry: unknown): [slot: number, count: number, mean: number, squares: number] {
  if (Array.isArray(entry) && entry.length === 4 && entry.every(Number.isFinite)) {
    const [slot, count, mean, squares] = entry as [number, number, number, number];
    if (Number.isInteger(slot) && slot >= 0 && slot < PARTS && count > 0 && squares >= 0)
      return [slot, count, mean, squares];
  }
  throw new StateError("parts: expected the slot, count, mean and squares of each");
}
