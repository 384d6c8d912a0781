import { SavedState, type Snapshotable, StateError } from "../../numeric/state";

/** Parts of a period that the profile has a mean for: half an hour of a day. */
const PARTS = 48;

/** Of the newest period in the profile; that much faster it gets used to a change than the plain mean of all periods. */
const NEWEST = 0.3;

/** Of the newest value in the level that the profile is moved to: a warm week is no anomaly of its days' shape. */
const LEVEL_NEWEST = 0.01;

/** Values that a deviation must last for to count in full. */
const LASTING = 12;

/** Values that the profile's skill is judged over. */
const SKILL_OF = 2000;

/**
 * How far the last values are from the profile of the day (or any other period), learned by the clock: the mean of each part
 * of the period over the periods before.
 */
export class Season implements Snapshotable {
  readonly #means = new Float64Array(PARTS);
  readonly #visits = new Float64Array(PARTS);
  readonly #recent = new Float64Array(LASTING);
  /** The part of the period that is running: its number since the epoch, the sum and the count of its values. */
  #part = Number.NaN;
  #partSum = 0;
  #partCount = 0;
  #level = 0;
  #count = 0;
  #compared = 0;
  #mean = 0;
  #errorPower = 0;
  #power = 0;

  /** @param period ms */
  constructor(private readonly period: number) {}

  /** Mean deviation of the last values with this one as the newest; NaN while the profile knows too little. */
  deviationWith(value: number, timestamp: number): number {
    const error = this.#error(value, timestamp);
    if (Number.isNaN(error) || this.#compared < LASTING - 1) return Number.NaN;
    let sum = error - (this.#recent[this.#compared % LASTING] as number);
    for (let i = 0; i < LASTING; i++) sum += this.#recent[i] as number;
    return sum / LASTING;
  }

  /** Part of the series' variance that the profile explains, 0 to 1: what its word counts for. */
  get skill(): number {
    return this.#power > 0 ? Math.min(Math.max(1 - this.#errorPower / this.#power, 0), 1) : 0;
  }

  #error(value: number, timestamp: number): number {
    const slot = this.#slot(this.#partAt(timestamp));
    return (this.#visits[slot] as number) > 0 ? value - (this.#means[slot] as number) - this.#level : Number.NaN;
  }

  #partAt(timestamp: number): number {
    return Math.floor((timestamp / this.period) * PARTS);
  }

  #slot(part: number): number {
    const slot = part % PARTS;
    return slot < 0 ? slot + PARTS : slot;
  }

  push(value: number, timestamp: number): void {
    const part = this.#partAt(timestamp);
    if (part !== this.#part) this.#endPart(part);
    const error = this.#error(value, timestamp);
    this.#count = Math.min(this.#count + 1, SKILL_OF);
    this.#mean += (value - this.#mean) / this.#count;
    if (!Number.isNaN(error)) this.#compare(error, value - this.#mean);
    this.#partSum += value;
    this.#partCount += 1;
  }

  /** The part that ends goes into the profile. */
  #endPart(next: number): void {
    if (this.#partCount > 0) {
      const slot = this.#slot(this.#part);
      const visits = (this.#visits[slot] as number) + 1;
      const mean = this.#means[slot] as number;
      this.#means[slot] = mean + (this.#partSum / this.#partCount - mean) * Math.max(NEWEST, 1 / visits);
      this.#visits[slot] = visits;
    }
    this.#part = next;
    this.#partSum = this.#partCount = 0;
  }

  #compare(error: number, distance: number): void {
    this.#level += LEVEL_NEWEST * error;
    this.#recent[this.#compared % LASTING] = error;
    this.#compared += 1;
    const weight = 1 / Math.min(this.#compared, SKILL_OF);
    const power = distance * distance;
    // One wild value must not cost the profile its good name.
    this.#errorPower += weight * (Math.min(error * error, 4 * power + this.#power) - this.#errorPower);
    this.#power += weight * (power - this.#power);
  }

  clear(): void {
    this.#means.fill(0);
    this.#visits.fill(0);
    this.#recent.fill(0);
    this.#part = Number.NaN;
    this.#partSum = this.#partCount = this.#count = this.#compared = 0;
    this.#level = this.#mean = this.#errorPower = this.#power = 0;
  }

  snapshot(): unknown {
    return {
      means: Array.from(this.#means),
      visits: Array.from(this.#visits),
      recent: Array.from(this.#recent),
      part: this.#partCount > 0 ? [this.#part, this.#partSum, this.#partCount] : [],
      counts: [this.#count, this.#compared],
      moments: [this.#level, this.#mean, this.#errorPower, this.#power],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const [means, visits, recent] = [
      exactly(saved, "means", PARTS),
      exactly(saved, "visits", PARTS),
      exactly(saved, "recent", LASTING),
    ];
    const part = saved.numbers("part", 3);
    const counts = exactly(saved, "counts", 2);
    const moments = exactly(saved, "moments", 4);
    this.#means.set(means);
    this.#visits.set(visits);
    this.#recent.set(recent);
    [this.#part, this.#partSum, this.#partCount] = [part[0] ?? Number.NaN, part[1] ?? 0, part[2] ?? 0];
    [this.#count, this.#compared] = counts as [number, number];
    [this.#level, this.#mean, this.#errorPower, this.#power] = moments as [number, number, number, number];
  }
}

function exactly(saved: SavedState, field: string, length: number): readonly number[] {
  const numbers = saved.numbers(field, length);
  if (numbers.length !== length) throw new StateError(`${field}: expected ${length} numbers`);
  return numbers;
}
