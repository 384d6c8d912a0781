import { numberWithin } from "../numeric/limits";
import type { SortedWindow } from "../numeric/sorted-window";
import type { AnomalyVerdict } from "../reading/reading";
import { WindowTest, type WindowTestOptions, windowTestOf } from "./adjacent-windows";
import type { Detector } from "./detector";
import type { DetectorOptions } from "./options";
import { ROUNDING, scoreOfP, verdictOf } from "./severity";
import { studentTwoSidedTail } from "./tail";

export interface VarianceShiftOptions extends WindowTestOptions {
  /** Smallest factor by which the spread must have grown or shrunk. */
  readonly ratio: number;
}

/** Standard deviation of normal values by their mean absolute deviation: sqrt(pi / 2). */
const MEAN_AD_TO_SIGMA = 1.2533141373155001;
/** Width of the expected range, in standard deviations. */
const EXPECTED = 3;
/** Largest t that is looked up; its p is beyond any that matters. */
const LARGEST_T = 1e9;

/** @throws RangeError naming the option */
export function varianceShiftFactory(options: DetectorOptions): () => Detector {
  const checked = { ...windowTestOf(options), ratio: numberWithin("ratio", options.ratio, 1, 1e6) };
  return () => new VarianceShift(checked);
}

/**
 * Finds changes of the spread, noisier or quieter: the absolute deviations of the newest readings from their median
 * against those of the window before, by Brown and Forsythe 1974 (JASA 69:364), which stays right for values that are not
 * normal and takes no step in level for a change of the spread. It counts when the spread has also changed by the factor
 * `ratio`. With two windows the test's F(1, m + n - 2) is the square of Student's t.
 *
 * The score is -log10 p.
 */
export class VarianceShift extends WindowTest {
  constructor(private readonly options: VarianceShiftOptions) {
    super(options.windows);
  }

  judge(value: number): AnomalyVerdict | undefined {
    if (!this.windows.isReady) return undefined;
    const { ratio, significance, minStd, bands } = this.options;
    const { reference, recent } = this.windows;
    const median = reference.median();
    const before = deviations(reference, median);
    const now = deviations(recent, recent.medianWith(value), value);
    const p = brownForsytheTail(before, now);
    const floor = Math.max(minStd / MEAN_AD_TO_SIGMA, ROUNDING * Math.abs(median));
    const change = Math.max(now.mean, floor) / Math.max(before.mean, floor, Number.MIN_VALUE);
    const isAnomaly = p < significance && (change >= ratio || change <= 1 / ratio);
    const width = EXPECTED * MEAN_AD_TO_SIGMA * Math.max(before.mean, floor);
    return verdictOf("variance shift", isAnomaly, scoreOfP(p), p, { low: median - width, high: median + width }, bands);
  }
}

interface Deviations {
  readonly count: number;
  readonly mean: number;
  /** Sum of squares around the mean. */
  readonly squares: number;
}

/**
 * Absolute deviations of the window's values, and of one more, from a median. Their squares may be summed as they are: they
 * are in proportion to the spread already, whatever the level.
 */
function deviations(window: SortedWindow, median: number, more?: number): Deviations {
  const last = more === undefined ? 0 : Math.abs(more - median);
  let sum = last;
  let squares = last * last;
  for (let k = 0; k < window.count; k++) {
    const deviation = Math.abs(window.at(k) - median);
    sum += deviation;
    squares += deviation * deviation;
  }
  const count = window.count + (more === undefined ? 0 : 1);
  const mean = sum / count;
  return { count, mean, squares: Math.max(0, squares - sum * mean) };
}

function brownForsytheTail(a: Deviations, b: Deviations): number {
  const distance = Math.abs(a.mean - b.mean);
  if (distance === 0) return 1;
  const degrees = a.count + b.count - 2;
  const pooled = ((a.squares + b.squares) / degrees) * (1 / a.count + 1 / b.count);
  return studentTwoSidedTail(Math.min(distance / Math.sqrt(pooled), LARGEST_T), degrees);
}
