import { DeviceClock } from "../clock";
import { SavedState, type Snapshotable } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import type { Reading } from "../reading/reading";
import type { MaintenanceFeatures } from "./features";
import { type Missing, SevenDays, WEEK_MS, type WeekOptions } from "./seven-days";

/** What became of a reading. */
export type WeekStep =
  /** The device's time went on with it. */
  | "on"
  /** It belongs to a day that is already further behind, and was counted there. */
  | "earlier"
  /** It is from before the last seven days, and left out. */
  | "late"
  /** It is left out until the next one says the same. */
  | "far ahead"
  /** The device's time begins anew with it. */
  | "restarted";

/**
 * Statistics of the last seven days of one machine. When the device's time changes by more than a week, as after a reboot in
 * 1970, its week is set aside and days are counted anew; the week is taken back when the time comes back.
 */
export class MaintenanceWeek implements Snapshotable {
  readonly #clock = new DeviceClock();
  #days: SevenDays;
  /** The week of the time that the device has left. */
  #aside: SevenDays | undefined;

  /** @throws RangeError when a range has no width or a quantity is there twice */
  constructor(private readonly options: WeekOptions) {
    const { ranges } = options;
    if (ranges.length === 0) throw new RangeError("sensors: expected at least one");
    for (const [i, { quantity, sensor, normal, limit }] of ranges.entries()) {
      if (sensor === "") throw new RangeError(`sensors: expected a name for ${quantity}`);
      if (ranges.findIndex((other) => other.quantity === quantity) < i)
        throw new RangeError(`sensors: expected ${quantity} once`);
      if (!(Math.abs(limit - normal) > 0))
        throw new RangeError(`${sensor}: expected a limit other than normal, got ${limit}`);
    }
    this.#days = new SevenDays(options, 0);
  }

  /** Whole days since the first reading, at most seven. */
  get days(): number {
    return this.#days.count;
  }

  /**
   * Takes a reading of the machine. Of bad ones and texts only the time counts: sensors that are broken are missing in it. Those
   * from before the last week or dated far ahead change nothing.
   */
  push(reading: Reading): WeekStep {
    const { timestamp, sensor } = reading;
    const tick = this.#clock.tick(timestamp);
    if (tick === "leap") return "far ahead";
    if (tick === "late" && timestamp <= this.#latest - WEEK_MS) return "late";
    if (tick === "restarted" || tick === "resumed") this.#moveTo(timestamp);
    this.#days.latest = this.#latest;
    if (isUsable(reading)) this.#days.take(sensor, reading.value, timestamp);
    // The device would not come back to a week that is older.
    if (this.#days.isWhole) this.#aside = undefined;
    if (tick === "late") return "earlier";
    return tick === "restarted" ? tick : "on";
  }

  /** Of the newest reading; only once there is one. */
  get #latest(): number {
    return this.#clock.latest as number;
  }

  #moveTo(timestamp: number): void {
    if (!this.#days.reach(timestamp)) {
      const aside = this.#aside?.reach(timestamp) ? this.#aside : undefined;
      this.#aside = aside ? undefined : this.#days;
      this.#days = aside ?? new SevenDays(this.options, timestamp);
    }
    this.#days.goBack(timestamp);
  }

  /** What a probability of this week lacks. */
  missing(): Missing {
    return this.#days.missing();
  }

  /** Features of the last seven days; 0, which is normal, for quantities that were not measured. */
  features(): MaintenanceFeatures {
    return this.#days.features();
  }

  snapshot(): unknown {
    const aside = this.#aside && { ...(this.#aside.snapshot() as object), latest: this.#aside.latest };
    return { ...(this.#days.snapshot() as object), clock: this.#clock.snapshot(), aside };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#restoreClock(saved);
    this.#days = this.#restored(state, this.#clock.latest ?? 0);
    const aside = saved.any("aside");
    this.#aside = aside === undefined ? undefined : this.#restored(aside, new SavedState(aside).number("latest"));
  }

  #restored(state: unknown, latest: number): SevenDays {
    const days = new SevenDays(this.options, latest);
    days.restore(state);
    return days;
  }

  /** States of before there were clocks have the time of the newest reading. */
  #restoreClock(saved: SavedState): void {
    const clock = saved.any("clock");
    const latest = saved.optionalNumber("latest");
    if (clock !== undefined) this.#clock.restore(clock);
    else if (latest !== undefined) this.#clock.tick(latest);
  }
}
