import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import { SeasonalProfile } from "../seasonal-profile";

/** Parts of the period: the profile has 48, and a deviation is the mean over the last quarter of them. */
const PARTS = 48;
const QUARTER = PARTS / 4;

/**
 * The profile is moved to the level of the last period or of the last so many values, whichever is longer: a warm week is no
 * anomaly of its days' shape.
 */
const LEVEL_OF = 100;

/** Of the newest window in the usual number of values in one. */
const NEWEST = 0.01;

/** Values that the profile's skill is judged over. */
const SKILL_OF = 2000;

/** Number of the part of the season that a time is in, counted since the epoch. */
export function partOf(timestamp: number, period: number): number {
  return Math.floor((timestamp / period) * PARTS);
}

/**
 * How far the last quarter of a period is from the profile of the day (or any other period), and how much the profile's word
 * counts.
 */
export class Season implements Snapshotable {
  readonly #profile: SeasonalProfile;
  /** The last parts that were compared, in the round: their numbers, and sums and counts of their errors. */
  readonly #numbers: number[] = zeros();
  readonly #sums: number[] = zeros();
  readonly #counts: number[] = zeros();
  /** Part in which comparing began. */
  #began = 0;
  /** Values in the window, as usual. */
  #usual = 0;
  #last = Number.NaN;
  #level = 0;
  #count = 0;
  #compared = 0;
  #mean = 0;
  #errorPower = 0;
  #power = 0;

  /** @param period ms */
  constructor(private readonly period: number) {
    this.#profile = new SeasonalProfile(period);
  }

  /**
   * Mean deviation over the last quarter of a period with this value as the newest; less where values are missing. NaN while the
   * profile knows too little.
   */
  deviationWith(value: number, timestamp: number): number {
    const error = this.#error(value, timestamp);
    const part = partOf(timestamp, this.period);
    if (Number.isNaN(error) || this.#compared === 0 || part - this.#began < QUARTER - 1) return Number.NaN;
    let sum = error;
    let count = 1;
    for (let i = 0; i < QUARTER; i++) {
      if (!this.#isWithin(i, part)) continue;
      sum += this.#sums[i] as number;
      count += this.#counts[i] as number;
    }
    return sum / Math.max(count, this.#usual);
  }

  /** Part of the series' variance that the profile explains, 0 to 1: what its word counts for. */
  get skill(): number {
    return this.#power > 0 ? Math.min(Math.max(1 - this.#errorPower / this.#power, 0), 1) : 0;
  }

  #isWithin(place: number, part: number): boolean {
    const age = part - (this.#numbers[place] as number);
    return age >= 0 && age < QUARTER;
  }

  #error(value: number, timestamp: number): number {
    return value - this.#profile.at(timestamp) - this.#level;
  }

  push(value: number, timestamp: number): void {
    const error = this.#error(value, timestamp);
    this.#count = Math.min(this.#count + 1, SKILL_OF);
    this.#mean += (value - this.#mean) / this.#count;
    if (!Number.isNaN(error)) this.#compare(error, value - this.#mean, timestamp);
    this.#last = timestamp;
    this.#profile.push(value, timestamp);
  }

  #compare(error: number, distance: number, timestamp: number): void {
    this.#collect(error, partOf(timestamp, this.period));
    const step = Math.max(timestamp - this.#last, 0);
    this.#level += Math.min(1 / LEVEL_OF, step / this.period) * error;
    this.#compared = Math.min(this.#compared + 1, SKILL_OF);
    const weight = 1 / this.#compared;
    const power = distance * distance;
    // One wild value must not cost the profile its good name.
    this.#errorPower += weight * (Math.min(error * error, 4 * power + this.#power) - this.#errorPower);
    this.#power += weight * (power - this.#power);
  }

  #collect(error: number, part: number): void {
    if (this.#compared === 0) this.#began = part;
    const place = ((part % QUARTER) + QUARTER) % QUARTER;
    if (this.#numbers[place] !== part) {
      this.#numbers[place] = part;
      this.#sums[place] = this.#counts[place] = 0;
    }
    this.#sums[place] = (this.#sums[place] as number) + error;
    this.#counts[place] = (this.#counts[place] as number) + 1;
    let count = 0;
    for (let i = 0; i < QUARTER; i++) if (this.#isWithin(i, part)) count += this.#counts[i] as number;
    this.#usual += Math.max(NEWEST, 1 / (this.#compared + 1)) * (count - this.#usual);
  }

  clear(): void {
    this.#profile.clear();
    this.#numbers.fill(0);
    this.#sums.fill(0);
    this.#counts.fill(0);
    this.#last = Number.NaN;
    this.#began = this.#usual = 0;
    this.#level = this.#count = this.#compared = this.#mean = this.#errorPower = this.#power = 0;
  }

  snapshot(): unknown {
    return {
      profile: this.#profile.snapshot(),
      numbers: [...this.#numbers],
      sums: [...this.#sums],
      counts: [...this.#counts],
      last: Number.isNaN(this.#last) ? undefined : this.#last,
      compared: [this.#count, this.#compared, this.#began, this.#usual],
      moments: [this.#level, this.#mean, this.#errorPower, this.#power],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const [numbers, sums, counts] = ["numbers", "sums", "counts"].map((field) => exactly(saved, field, QUARTER));
    const compared = exactly(saved, "compared", 4);
    const moments = exactly(saved, "moments", 4);
    const last = saved.optionalNumber("last");
    this.#profile.restore(saved.any("profile"));
    for (let i = 0; i < QUARTER; i++) {
      this.#numbers[i] = numbers?.[i] as number;
      this.#sums[i] = sums?.[i] as number;
      this.#counts[i] = counts?.[i] as number;
    }
    this.#last = last ?? Number.NaN;
    [this.#count, this.#compared, this.#began, this.#usual] = compared as [number, number, number, number];
    [this.#level, this.#mean, this.#errorPower, this.#power] = moments as [number, number, number, number];
  }
}

/** So few numbers take less as an array of doubles than in a buffer of their own. */
function zeros(): number[] {
  return new Array<number>(QUARTER).fill(0);
}

function exactly(saved: SavedState, field: string, length: number): readonly number[] {
  const numbers = saved.numbers(field, length);
  if (numbers.length !== length) throw new StateError(`${field}: expected ${length} numbers`);
  return numbers;
}
