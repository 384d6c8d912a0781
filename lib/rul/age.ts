import { positiveNumber } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import { CycleCounter } from "./cycle-counter";
import { DeviceCounter } from "./device-counter";

/** What a device's age is counted by. */
export type AgeBy = "calendar" | "counter" | "readings";

const MS_PER_HOUR = 3_600_000;
/** A longer time without a reading is a season at rest, or a clock that was set: no time in which a device aged, h. */
const LONGEST_PAUSE = 31 * 24;

/** A time of the device that it has left for another. */
interface LeftTime {
  /** Its end, h since the epoch. */
  readonly end: number;
  /** From its hours to the age. */
  readonly shift: number;
}

/**
 * Age of one device in hours: by the calendar, by a counter that the device reports (an hours meter, cycles, starts), or by the
 * number of readings where each is of one cycle.
 *
 * By the calendar it goes on through a pause, but not through one that is longer than all that is known of the device: its
 * clock may have been wrong, or be so now. When its time changes the age goes on from where it was, and when it comes back to
 * the time that it had left, as after a reboot in 1970, so does the age.
 */
export class Age implements Snapshotable {
  readonly #hoursPerCount: number;
  readonly #counter = new DeviceCounter();
  readonly #cycles = new CycleCounter();
  /** From the calendar's hours to the age, and the first and the latest age by the calendar. */
  #shift = 0;
  #first: number | undefined;
  #latest: number | undefined;
  /** A time ahead that waits to be confirmed, h since the epoch. */
  #leapt: number | undefined;
  #left: LeftTime | undefined;

  /**
   * @param hoursPerCount what one count or reading is worth
   * @throws RangeError when it is not above 0
   */
  constructor(
    private readonly by: AgeBy,
    hoursPerCount: number,
  ) {
    this.#hoursPerCount = positiveNumber("hoursPerCount", hoursPerCount);
  }

  /** Takes a report of the counter. */
  count(counter: number): void {
    this.#counter.take(counter);
  }

  /** A reading that is not learned from is of a cycle all the same. */
  skip(timestamp: number): void {
    if (this.by === "readings") this.#cycles.take(timestamp);
  }

  /** A reading is dated far ahead. */
  leap(timestamp: number): void {
    this.#leapt = timestamp / MS_PER_HOUR;
  }

  /**
   * The calendar goes on after a leap, which the reading of this time confirms.
   * @returns whether the age goes on from where it was before the leap
   */
  resume(timestamp: number): boolean {
    const [leapt, latest] = [this.#leapt, this.#latest];
    if (this.by !== "calendar" || leapt === undefined || latest === undefined) return false;
    const end = latest - this.#shift;
    if (this.#comesBack(timestamp) || leapt - end <= this.#longestPause()) return false;
    this.#left = { end, shift: this.#shift };
    this.#shift -= leapt - end;
    return true;
  }

  /** The calendar begins anew at this earlier time. */
  restart(timestamp: number): void {
    this.#cycles.restart();
    const latest = this.#latest;
    if (latest === undefined || this.#comesBack(timestamp)) return;
    this.#left = { end: latest - this.#shift, shift: this.#shift };
    this.#shift = latest - timestamp / MS_PER_HOUR;
  }

  #comesBack(timestamp: number): boolean {
    const left = this.#left;
    const time = timestamp / MS_PER_HOUR;
    if (!left || time < left.end || time - left.end > this.#longestPause()) return false;
    if (time + left.shift < (this.#latest as number)) return false;
    this.#shift = left.shift;
    this.#left = undefined;
    return true;
  }

  #longestPause(): number {
    const known = (this.#latest as number) - (this.#first ?? Number.NEGATIVE_INFINITY);
    return Math.min(LONGEST_PAUSE, known);
  }

  /** @returns undefined while the counter has not been reported; by readings those of one time are one */
  at(timestamp: number): number | undefined {
    if (this.by === "calendar") return this.#byCalendar(timestamp / MS_PER_HOUR);
    if (this.by === "readings") {
      this.#cycles.take(timestamp);
      return this.#cycles.count * this.#hoursPerCount;
    }
    const { total } = this.#counter;
    return total === undefined ? undefined : total * this.#hoursPerCount;
  }

  #byCalendar(time: number): number {
    const before = this.#latest === undefined ? time : this.#latest - this.#shift;
    // It has come there by itself: nothing is left to come back to.
    if (this.#left && before < this.#left.end && time >= this.#left.end) this.#left = undefined;
    const age = time + this.#shift;
    if (this.#latest === undefined) this.#first = age;
    this.#latest = age;
    return age;
  }

  snapshot(): unknown {
    return {
      counter: this.#counter.snapshot(),
      cycles: this.#cycles.snapshot(),
      shift: this.#shift,
      first: this.#first,
      latest: this.#latest,
      leapt: this.#leapt,
      leftEnd: this.#left?.end,
      leftShift: this.#left?.shift,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const counter = saved.any("counter");
    const isObject = typeof counter === "object" && counter !== null;
    // Once the last count and its offset were saved themselves.
    this.#counter.restore(isObject ? counter : { latest: counter, offset: saved.any("offset"), rises: 0 });
    // Once every reading was counted, and that was all.
    this.#cycles.restore(saved.any("cycles") ?? { count: saved.any("readings"), recent: [] });
    this.#shift = saved.optionalNumber("shift") ?? 0;
    this.#first = saved.optionalNumber("first");
    this.#latest = saved.optionalNumber("latest");
    this.#leapt = saved.optionalNumber("leapt");
    const end = saved.optionalNumber("leftEnd");
    this.#left = end === undefined ? undefined : { end, shift: saved.number("leftShift") };
  }
}
