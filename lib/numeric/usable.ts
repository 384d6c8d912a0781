import type { NumericReading, Reading } from "../reading/reading";
import { MAX_MAGNITUDE } from "./sliding-moments";

/**
 * True when the reading's number may enter a filter's or detector's state. Left out are bad readings, texts and booleans,
 * and numbers beyond 1e150, whose squares are not finite any more.
 */
export function isUsable(reading: Reading): reading is NumericReading {
  const { value } = reading;
  return typeof value === "number" && reading.quality !== "bad" && value <= MAX_MAGNITUDE && value >= -MAX_MAGNITUDE;
}

/**
 * Tells when a series has paused for longer than `gap`, after which what was learned before says nothing any more. A
 * step back in time by more than the gap counts as a pause too, so that one reading dated far ahead cannot stop a series.
 */
export class GapWatch {
  #latest: number | undefined;

  /** @param gap longest time between two readings in ms; 0 for any */
  constructor(private readonly gap: number) {}

  /** True when a pause lies before the reading of this time; remembers the time. */
  isAfterGap(timestamp: number): boolean {
    const latest = this.#latest;
    if (latest !== undefined && this.gap > 0 && Math.abs(timestamp - latest) > this.gap) {
      this.#latest = timestamp;
      return true;
    }
    if (latest === undefined || timestamp > latest) this.#latest = timestamp;
    return false;
  }

  /** The latest time seen, to be saved; undefined before the first. */
  get latest(): number | undefined {
    return this.#latest;
  }

  set latest(timestamp: number | undefined) {
    this.#latest = timestamp;
  }
}
