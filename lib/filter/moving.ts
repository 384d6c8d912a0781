import { SlidingMoments } from "../numeric/sliding-moments";
import { SortedWindow } from "../numeric/sorted-window";
import type { NumericReading, Reading } from "../reading/reading";
import { type Smoother, type Stage, substituted } from "./filter";

/** Mean of the newest `window` values, fewer at the start. O(1) a value, and as exact after years as on the first day. */
export class MovingAverage implements Smoother {
  readonly #moments: SlidingMoments;

  constructor(window: number) {
    this.#moments = new SlidingMoments(window);
  }

  next(value: number): number {
    this.#moments.push(value);
    return this.#moments.mean;
  }

  reset(): void {
    this.#moments.clear();
  }

  snapshot(): unknown {
    return this.#moments.snapshot();
  }

  restore(state: unknown): void {
    this.#moments.restore(state);
  }
}

/** Median of the newest `window` values, fewer at the start (Tukey 1977, Exploratory Data Analysis, ch. 7). */
export class MovingMedian implements Smoother {
  readonly #window: SortedWindow;

  constructor(window: number) {
    this.#window = new SortedWindow(window);
  }

  next(value: number): number {
    this.#window.push(value);
    return this.#window.median();
  }

  reset(): void {
    this.#window.clear();
  }

  snapshot(): unknown {
    return this.#window.snapshot();
  }

  restore(state: unknown): void {
    this.#window.restore(state);
  }
}

/** 1 / inverse normal distribution of 3/4: makes the median absolute deviation estimate sigma (Hampel 1974, JASA 69:383). */
export const MAD_TO_SIGMA = 1.482602218505602;

/** With fewer values than this there is no majority to tell an outlier from. */
const FEWEST = 3;

export interface HampelOptions {
  readonly window: number;
  /** Robust standard deviations from the median beyond which a value is an outlier. */
  readonly threshold: number;
  /** Deviations up to this, in the reading's unit, are never outliers: for series that stand still and then twitch. */
  readonly tolerance: number;
  readonly outlier: "replace" | "drop" | "bad";
}

/**
 * Hampel's outlier rule over the newest `window` values including the one judged (Davies and Gather 1993, JASA 88:782;
 * Pearson et al. 2016, EURASIP J. Adv. Signal Process. 2016:87), causal, so without delay: a value further than threshold *
 * 1.4826 * MAD from the median is replaced by the median and marked uncertain, dropped, or marked bad. The raw value stays
 * in the window, so that a true step is followed once it is the majority.
 */
export class Hampel implements Stage {
  readonly #window: SortedWindow;

  constructor(private readonly options: HampelOptions) {
    this.#window = new SortedWindow(options.window);
  }

  accept(reading: NumericReading, out: Reading[]): void {
    this.#window.push(reading.value);
    const median = this.#window.median();
    const distance = Math.abs(reading.value - median);
    if (this.#window.count < FEWEST || distance <= this.options.tolerance || !this.#isFar(distance)) out.push(reading);
    else if (this.options.outlier === "replace") out.push(substituted(reading, median));
    else if (this.options.outlier === "bad") out.push({ ...reading, quality: "bad" });
  }

  #isFar(distance: number): boolean {
    return distance > this.options.threshold * MAD_TO_SIGMA * this.#window.medianAbsoluteDeviation();
  }

  reset(): void {
    this.#window.clear();
  }

  snapshot(): unknown {
    return this.#window.snapshot();
  }

  restore(state: unknown): void {
    this.#window.restore(state);
  }
}
