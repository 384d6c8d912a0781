import { positiveNumber } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import { DeviceCounter } from "./device-counter";

/** What a device's age is counted by. */
export type AgeBy = "calendar" | "counter" | "readings";

const MS_PER_HOUR = 3_600_000;

/**
 * Age of one device in hours: by the calendar, by a counter that the device reports (an hours meter, cycles, starts), or by the
 * number of readings where each is of one cycle.
 */
export class Age implements Snapshotable {
  readonly #hoursPerCount: number;
  readonly #counter = new DeviceCounter();
  #readings = 0;
  /** From the calendar's hours to the age, and the age by the calendar. */
  #shift = 0;
  #latest: number | undefined;

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
  skip(): void {
    this.#readings += 1;
  }

  /** The calendar begins anew at this time: the age goes on from where it was. */
  restart(timestamp: number): void {
    if (this.#latest !== undefined) this.#shift = this.#latest - timestamp / MS_PER_HOUR;
  }

  /** @returns undefined while the counter has not been reported; each call counts as one reading */
  at(timestamp: number): number | undefined {
    if (this.by === "calendar") {
      this.#latest = timestamp / MS_PER_HOUR + this.#shift;
      return this.#latest;
    }
    if (this.by === "readings") {
      this.#readings += 1;
      return this.#readings * this.#hoursPerCount;
    }
    const { total } = this.#counter;
    return total === undefined ? undefined : total * this.#hoursPerCount;
  }

  snapshot(): unknown {
    const counter = this.#counter.snapshot();
    return { counter, readings: this.#readings, shift: this.#shift, latest: this.#latest };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const counter = saved.any("counter");
    const isObject = typeof counter === "object" && counter !== null;
    // Once the last count and its offset were saved themselves.
    this.#counter.restore(isObject ? counter : { latest: counter, offset: saved.any("offset"), rises: 0 });
    this.#readings = saved.index("readings", Number.MAX_SAFE_INTEGER);
    this.#shift = saved.optionalNumber("shift") ?? 0;
    this.#latest = saved.optionalNumber("latest");
  }
}
