import { positiveNumber } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";

/** What a device's age is counted by. */
export type AgeBy = "calendar" | "counter" | "readings";

const MS_PER_HOUR = 3_600_000;

/**
 * Age of one device in hours: by the calendar, by a counter that the device reports (an hours meter, cycles, starts), or by the
 * number of readings where each is of one cycle. A counter that starts again from below, as after a repair of the meter, goes on
 * from where it was.
 */
export class Age implements Snapshotable {
  readonly #hoursPerCount: number;
  #counter: number | undefined;
  #offset = 0;
  #readings = 0;

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

  count(counter: number): void {
    if (this.#counter !== undefined && counter < this.#counter) this.#offset += this.#counter - counter;
    this.#counter = counter;
  }

  /** @returns undefined while the counter has not been reported; each call counts as one reading */
  at(timestamp: number): number | undefined {
    if (this.by === "calendar") return timestamp / MS_PER_HOUR;
    if (this.by === "readings") {
      this.#readings += 1;
      return this.#readings * this.#hoursPerCount;
    }
    return this.#counter === undefined ? undefined : (this.#counter + this.#offset) * this.#hoursPerCount;
  }

  snapshot(): unknown {
    return { counter: this.#counter, offset: this.#offset, readings: this.#readings };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#counter = saved.optionalNumber("counter");
    this.#offset = saved.number("offset");
    this.#readings = saved.index("readings", Number.MAX_SAFE_INTEGER);
  }
}
