import { SavedState, type Snapshotable, StateError } from "../../numeric/state";
import { SeasonalProfile } from "../seasonal-profile";

/** Of the newest value in the level that the profile is moved to: a warm week is no anomaly of its days' shape. */
const LEVEL_NEWEST = 0.01;

/** Values that a deviation must last for to count in full. */
const LASTING = 12;

/** Values that the profile's skill is judged over. */
const SKILL_OF = 2000;

/** How far the last values are from the profile of the day (or any other period), and how much the profile's word counts. */
export class Season implements Snapshotable {
  readonly #profile: SeasonalProfile;
  readonly #recent = new Float64Array(LASTING);
  #level = 0;
  #count = 0;
  #compared = 0;
  #mean = 0;
  #errorPower = 0;
  #power = 0;

  /** @param period ms */
  constructor(period: number) {
    this.#profile = new SeasonalProfile(period);
  }

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
    return value - this.#profile.at(timestamp) - this.#level;
  }

  push(value: number, timestamp: number): void {
    const error = this.#error(value, timestamp);
    this.#count = Math.min(this.#count + 1, SKILL_OF);
    this.#mean += (value - this.#mean) / this.#count;
    if (!Number.isNaN(error)) this.#compare(error, value - this.#mean);
    this.#profile.push(value, timestamp);
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
    this.#profile.clear();
    this.#recent.fill(0);
    this.#level = this.#count = this.#compared = this.#mean = this.#errorPower = this.#power = 0;
  }

  snapshot(): unknown {
    return {
      profile: this.#profile.snapshot(),
      recent: Array.from(this.#recent),
      counts: [this.#count, this.#compared],
      moments: [this.#level, this.#mean, this.#errorPower, this.#power],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const recent = exactly(saved, "recent", LASTING);
    const counts = exactly(saved, "counts", 2);
    const moments = exactly(saved, "moments", 4);
    this.#profile.restore(saved.any("profile"));
    this.#recent.set(recent);
    [this.#count, this.#compared] = counts as [number, number];
    [this.#level, this.#mean, this.#errorPower, this.#power] = moments as [number, number, number, number];
  }
}

function exactly(saved: SavedState, field: string, length: number): readonly number[] {
  const numbers = saved.numbers(field, length);
  if (numbers.length !== length) throw new StateError(`${field}: expected ${length} numbers`);
  return numbers;
}
