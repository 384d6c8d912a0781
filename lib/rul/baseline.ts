import { median } from "../numeric/sorted-window";
import { SavedState, type Snapshotable } from "../numeric/state";

/** What is normal for a figure of wear. */
export interface Normal {
  readonly level: number;
  /** Standard deviation, above 0. */
  readonly spread: number;
  /** By how much slow swings lengthen runs of values on one side: (1 + r) / (1 - r), r the correlation of neighbours. */
  readonly persistence: number;
  /** Usual time between readings, h. */
  readonly interval: number;
}

/** Make the median and the mean absolute deviation the standard deviation of normal values. */
const MAD_TO_STD = 1.482602218505602;
const MEAN_TO_STD = 1.2533141373155;
const GREATEST_CORRELATION = 0.9;

/** Learns what is normal from the first values: robustly, since a few of them may be spikes of starting up. */
export class BaselineLearner implements Snapshotable {
  readonly #values: number[] = [];
  readonly #hours: number[] = [];

  constructor(readonly size: number) {}

  /** @returns what is normal, with the last of the values */
  push(value: number, hours: number): Normal | undefined {
    this.#values.push(value);
    this.#hours.push(hours);
    return this.#values.length < this.size ? undefined : normalOf(this.#values, this.#hours);
  }

  get count(): number {
    return this.#values.length;
  }

  snapshot(): unknown {
    return { values: this.#values, hours: this.#hours };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#values.push(...saved.numbers("values", this.size));
    this.#hours.push(...saved.numbers("hours", this.#values.length));
  }
}

/**
 * Median, spread by the median absolute deviation, and the correlation of neighbours.
 * @param values at least 3
 * @param hours ascending
 */
export function normalOf(values: readonly number[], hours: readonly number[]): Normal {
  const level = median(values);
  const deviations = values.map((value) => value - level);
  const distances = deviations.map(Math.abs);
  // Of coarse sensors most values are the same: then the median of the distances is 0 and says nothing.
  const spread = MAD_TO_STD * median(distances) || (MEAN_TO_STD * sum(distances)) / distances.length;
  const clipped = deviations.map((deviation) => Math.max(-3 * spread, Math.min(3 * spread, deviation)));
  let products = 0;
  let squares = 0;
  clipped.forEach((deviation, i) => {
    squares += deviation * deviation;
    if (i > 0) products += deviation * (clipped[i - 1] as number);
  });
  const correlation = squares > 0 ? Math.max(0, Math.min(GREATEST_CORRELATION, products / squares)) : 0;
  return {
    level,
    spread,
    persistence: (1 + correlation) / (1 - correlation),
    interval: median(hours.slice(1).map((hour, i) => hour - (hours[i] as number))),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
