import { SavedState, type Snapshotable, StateError } from "../numeric/state";

/** Parts of a period that the profile has a mean for: half an hour of a day. */
const PARTS = 48;

/** Of the newest period in the profile; that much faster it gets used to a change than the plain mean of all periods. */
const NEWEST = 0.3;

/**
 * The shape of a day (or any other period), learned by the clock: the mean of each of 48 parts over the periods before. A part
 * goes into the profile when it ends, so a value is never compared with itself.
 */
export class SeasonalProfile implements Snapshotable {
  readonly #means = new Float64Array(PARTS);
  readonly #visits = new Float64Array(PARTS);
  /** Parts that have been visited, and the sum of their means relative to the first. */
  #known = 0;
  #average = 0;
  /** The part that is running: its number since the epoch, the mean and the count of its values. */
  #part = Number.NaN;
  #partMean = 0;
  #partCount = 0;

  /** @param period ms */
  constructor(private readonly period: number) {}

  /** Mean at this time of the period; NaN while it was never seen. */
  at(timestamp: number): number {
    const slot = slotOf(this.#partAt(timestamp));
    return (this.#visits[slot] as number) > 0 ? (this.#means[slot] as number) : Number.NaN;
  }

  /** By how much this time of the period is above or below the average of all that are known; 0 while it was never seen. */
  shapeAt(timestamp: number): number {
    const mean = this.at(timestamp);
    return Number.isNaN(mean) ? 0 : mean - this.#average;
  }

  push(value: number, timestamp: number): void {
    const part = this.#partAt(timestamp);
    if (part !== this.#part) this.#endPart(part);
    this.#partCount += 1;
    this.#partMean += (value - this.#partMean) / this.#partCount;
  }

  #partAt(timestamp: number): number {
    return Math.floor((timestamp / this.period) * PARTS);
  }

  #endPart(next: number): void {
    if (this.#partCount > 0) {
      const slot = slotOf(this.#part);
      const visits = (this.#visits[slot] as number) + 1;
      const mean = this.#means[slot] as number;
      this.#means[slot] = mean + (this.#partMean - mean) * Math.max(NEWEST, 1 / visits);
      // Beyond the number that the weight depends on, more visits say nothing more.
      this.#visits[slot] = Math.min(visits, Math.ceil(1 / NEWEST));
      this.#takeAverage();
    }
    this.#part = next;
    this.#partMean = this.#partCount = 0;
  }

  /** Anew each time, so that no rounding piles up: once a part. */
  #takeAverage(): void {
    this.#known = this.#average = 0;
    for (let slot = 0; slot < PARTS; slot++) {
      if (this.#visits[slot] === 0) continue;
      this.#known += 1;
      this.#average += ((this.#means[slot] as number) - this.#average) / this.#known;
    }
  }

  clear(): void {
    this.#means.fill(0);
    this.#visits.fill(0);
    this.#known = this.#average = 0;
    this.#part = Number.NaN;
    this.#partMean = this.#partCount = 0;
  }

  snapshot(): unknown {
    return {
      means: Array.from(this.#means),
      visits: Array.from(this.#visits),
      part: this.#partCount > 0 ? [this.#part, this.#partMean, this.#partCount] : [],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const means = saved.numbers("means", PARTS);
    const visits = saved.numbers("visits", PARTS);
    const part = saved.numbers("part", 3);
    if (means.length !== PARTS || visits.length !== PARTS) throw new StateError(`means: expected ${PARTS} parts`);
    this.#means.set(means);
    this.#visits.set(visits);
    [this.#part, this.#partMean, this.#partCount] = [part[0] ?? Number.NaN, part[1] ?? 0, part[2] ?? 0];
    this.#takeAverage();
  }
}

function slotOf(part: number): number {
  const slot = part % PARTS;
  return slot < 0 ? slot + PARTS : slot;
}
