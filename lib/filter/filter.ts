import { SavedState, type Snapshotable } from "../numeric/state";
import { GapWatch, isUsable } from "../numeric/usable";
import type { NumericReading, Reading } from "../reading/reading";

/** One filter for one series. Readings go in one by one; what comes out is appended, nothing or several at times. */
export interface Filter extends Snapshotable {
  /** Takes the next reading of the series and appends what goes out to `out`. */
  push(reading: Reading, out: Reading[]): void;
  /** Forgets the series so far; what was still held back is appended to `out`. */
  reset(out: Reading[]): void;
}

/** What a filtering method does with the readings that are numbers; SeriesFilter keeps all others away from it. */
export interface Stage extends Snapshotable {
  accept(reading: NumericReading, out: Reading[]): void;
  /** Readings without a usable number; methods without an opinion let them pass as they are. */
  pass?(reading: Reading, out: Reading[]): void;
  /** Makes the stage as new; what it held back is appended to `out`. */
  reset(out: Reading[]): void;
}

/** Filters a value into another: the shape of all methods that give one number for one number. */
export interface Smoother extends Snapshotable {
  /** The filtered value of the newest one. `timestamp` in ms. */
  next(value: number, timestamp: number): number;
  reset(): void;
}

/** The same reading with another value. */
export function withValue(reading: Reading, value: number): Reading {
  return value === reading.value ? reading : { ...reading, value };
}

/** A value that was not measured but put in its place: what OPC UA calls uncertain, substitute value (Part 8, 6.3.2). */
export function substituted(reading: Reading, value: number): Reading {
  return { ...reading, value, quality: "uncertain" };
}

/**
 * A stage as a filter of any readings: only usable numbers reach the stage, and after a gap in time it starts afresh,
 * because a window or a smoothed value from before the gap says nothing about what comes after it.
 */
export class SeriesFilter implements Filter {
  readonly #gap: GapWatch;

  /** @param gap longest time between two readings in ms; 0 for any */
  constructor(
    private readonly stage: Stage,
    gap = 0,
  ) {
    this.#gap = new GapWatch(gap);
  }

  push(reading: Reading, out: Reading[]): void {
    if (!isUsable(reading)) {
      if (this.stage.pass) this.stage.pass(reading, out);
      else out.push(reading);
      return;
    }
    if (this.#gap.isAfterGap(reading.timestamp)) this.stage.reset(out);
    this.stage.accept(reading, out);
  }

  reset(out: Reading[]): void {
    this.#gap.latest = undefined;
    this.stage.reset(out);
  }

  snapshot(): unknown {
    return { latest: this.#gap.latest, stage: this.stage.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const latest = saved.optionalNumber("latest");
    this.stage.restore(saved.any("stage"));
    this.#gap.latest = latest;
  }
}

/** A smoother as a stage. */
export class Smoothing implements Stage {
  constructor(private readonly smoother: Smoother) {}

  accept(reading: NumericReading, out: Reading[]): void {
    out.push(withValue(reading, this.smoother.next(reading.value, reading.timestamp)));
  }

  reset(): void {
    this.smoother.reset();
  }

  snapshot(): unknown {
    return this.smoother.snapshot();
  }

  restore(state: unknown): void {
    this.smoother.restore(state);
  }
}
