import { integerWithin } from "../numeric/limits";
import { SortedWindow } from "../numeric/sorted-window";
import { SavedState, type Snapshotable } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import type { Detector } from "./detector";
import { bandsOf, type DetectorOptions, MAX_TEST_WINDOW, minStdOf, significanceOf } from "./options";
import type { SeverityBands } from "./severity";

export interface AdjacentWindowSizes {
  /** Readings in the older window. */
  readonly reference: number;
  /** Readings in the newer window, the one that is judged included. */
  readonly recent: number;
}

/** What every test between two such windows is told. */
export interface WindowTestOptions {
  readonly windows: AdjacentWindowSizes;
  /** p below which the windows differ by more than chance. */
  readonly significance: number;
  readonly minStd: number;
  readonly bands: SeverityBands;
}

/** @throws RangeError naming the option */
export function windowTestOf(options: DetectorOptions): WindowTestOptions {
  const reference = integerWithin("reference", options.reference, 10, MAX_TEST_WINDOW);
  return {
    windows: { reference, recent: integerWithin("recent", options.recent, 5, reference) },
    significance: significanceOf(options),
    minStd: minStdOf(options),
    bands: bandsOf(options),
  };
}

/**
 * Two windows of a series, the newer right after the older: a value enters the newer one and moves on to the older one.
 * The newer one has room left for the value that is judged.
 */
export class AdjacentWindows implements Snapshotable {
  readonly reference: SortedWindow;
  readonly recent: SortedWindow;

  constructor(private readonly sizes: AdjacentWindowSizes) {
    this.reference = new SortedWindow(sizes.reference);
    this.recent = new SortedWindow(sizes.recent - 1);
  }

  /** The newer window is full and the older has as many values at least. */
  get isReady(): boolean {
    return this.recent.oldest !== undefined && this.reference.count >= this.sizes.recent;
  }

  push(value: number): void {
    const leaving = this.recent.oldest;
    if (leaving !== undefined) this.reference.push(leaving);
    this.recent.push(value);
  }

  reset(): void {
    this.reference.clear();
    this.recent.clear();
  }

  snapshot(): unknown {
    return { reference: this.reference.snapshot(), recent: this.recent.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.reference.restore(saved.any("reference"));
    this.recent.restore(saved.any("recent"));
  }
}

/** A detector whose whole state is two adjacent windows: what is left to it is how it compares them. */
export abstract class WindowTest implements Detector {
  protected readonly windows: AdjacentWindows;

  constructor(sizes: AdjacentWindowSizes) {
    this.windows = new AdjacentWindows(sizes);
  }

  abstract judge(value: number): AnomalyVerdict | undefined;

  learn(value: number): void {
    this.windows.push(value);
  }

  /** The windows go on, or the newer one would for ever hold what made the anomaly. */
  follow(value: number): void {
    this.windows.push(value);
  }

  reset(): void {
    this.windows.reset();
  }

  snapshot(): unknown {
    return this.windows.snapshot();
  }

  restore(state: unknown): void {
    this.windows.restore(state);
  }
}
