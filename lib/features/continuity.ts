import { SavedState, type Snapshotable } from "../numeric";

/** What the time of a sample says about those before it. */
export type Step =
  /** So many samples are missing before it; 0 usually. */
  | { readonly missing: number }
  /** It is of an earlier time than the one before. */
  | "back";

const NEXT: Step = { missing: 0 };

/** Timestamps are often whole milliseconds, and of more than one sample at high rates. */
const COARSE_MS = 2;
/** The clock that samples and the one that stamps drift: so much of a difference is taken over at each sample. */
const FOLLOW = 0.02;
/** Intervals that are seen before one may be called too long. */
const LEARNT = 4;

/**
 * Tells where samples are missing, by their times: at a given rate against the time that is expected, without one against
 * the mean interval so far.
 */
export class Continuity implements Snapshotable {
  #count = 0;
  #first = 0;
  #last = 0;
  #expected = 0;
  #skipped = 0;

  /** @param intervalMs between samples; undefined when the timestamps tell */
  constructor(private readonly intervalMs: number | undefined) {}

  /** One that came but is no sample; it is taken for missing by the next. */
  skip(): void {
    if (this.#count === 0) return;
    this.#skipped += 1;
    if (this.intervalMs !== undefined) this.#expected += this.intervalMs;
  }

  next(timestamp: number): Step {
    if (this.#count > 0 && timestamp < this.#last) return "back";
    // Several samples with one timestamp say nothing about each other: that of the message they came in, or a coarse one.
    const isNews = this.#count > 0 && timestamp > this.#last;
    const missing = isNews ? this.#missingBefore(timestamp) : this.#skipped;
    this.#follow(timestamp, missing);
    return missing === 0 ? NEXT : { missing };
  }

  clear(): void {
    this.#count = this.#skipped = 0;
  }

  #missingBefore(timestamp: number): number {
    const byTime =
      this.intervalMs === undefined ? this.#byMeanInterval(timestamp) : this.#byRate(timestamp, this.intervalMs);
    return Math.max(byTime, this.#skipped);
  }

  #byRate(timestamp: number, interval: number): number {
    const late = timestamp - this.#expected;
    return late > Math.max(0.75 * interval, COARSE_MS) ? Math.round(late / interval) + this.#skipped : 0;
  }

  #byMeanInterval(timestamp: number): number {
    if (this.#count <= LEARNT) return 0;
    const interval = (this.#last - this.#first) / (this.#count - 1);
    const elapsed = timestamp - this.#last;
    return elapsed > 1.75 * interval + COARSE_MS / 2 ? Math.round(elapsed / interval) - 1 : 0;
  }

  #follow(timestamp: number, missing: number): void {
    if (this.#count === 0) {
      this.#first = timestamp;
      this.#expected = timestamp;
    }
    if (this.intervalMs !== undefined) {
      if (missing > this.#skipped) this.#expected = timestamp;
      if (timestamp > this.#last) this.#expected += FOLLOW * (timestamp - this.#expected);
      this.#expected += this.intervalMs;
    }
    this.#count += 1 + missing;
    this.#skipped = 0;
    this.#last = timestamp;
  }

  snapshot(): unknown {
    const [count, first, last, expected, skipped] = [
      this.#count,
      this.#first,
      this.#last,
      this.#expected,
      this.#skipped,
    ];
    return { count, first, last, expected, skipped };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const count = saved.index("count", Number.MAX_SAFE_INTEGER);
    this.#first = saved.number("first");
    this.#last = saved.number("last");
    this.#expected = saved.number("expected");
    this.#skipped = saved.index("skipped", Number.MAX_SAFE_INTEGER);
    this.#count = count;
  }
}
