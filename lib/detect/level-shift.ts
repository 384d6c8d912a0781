import { numberWithin } from "../numeric/limits";
import type { SortedWindow } from "../numeric/sorted-window";
import type { AnomalyVerdict } from "../reading/reading";
import { WindowTest, type WindowTestOptions, windowTestOf } from "./adjacent-windows";
import type { Detector } from "./detector";
import type { DetectorOptions } from "./options";
import { robustSigma } from "./robust-spread";
import { ROUNDING, scoreOfP, verdictOf } from "./severity";
import { normalUpperTail } from "./tail";

export interface LevelShiftOptions extends WindowTestOptions {
  /** Smallest shift that counts, in robust standard deviations of the older window. */
  readonly shift: number;
}

/** @throws RangeError naming the option */
export function levelShiftFactory(options: DetectorOptions): () => Detector {
  const checked = { ...windowTestOf(options), shift: numberWithin("shift", options.shift, 0, 1e6) };
  return () => new LevelShift(checked);
}

/**
 * Finds steps: the median of the newest readings against that of the window before them. A step counts when it is larger
 * than `shift` robust standard deviations, and when the ranks of the two windows differ by more than chance: the rank-sum
 * test (Wilcoxon 1945; Mann and Whitney 1947, Annals of Mathematical Statistics 18:50), which needs no normal values and
 * which single outliers cannot move.
 *
 * p is that of the test by its normal approximation, which is cautious far out and for series with many equal values. It
 * supposes readings that do not depend on the ones right before; where they do, `shift` is what holds false alarms back.
 * The score is -log10 p.
 */
export class LevelShift extends WindowTest {
  constructor(private readonly options: LevelShiftOptions) {
    super(options.windows);
  }

  judge(value: number): AnomalyVerdict | undefined {
    if (!this.windows.isReady) return undefined;
    const { shift, significance, minStd, bands } = this.options;
    const { reference, recent } = this.windows;
    const median = reference.median();
    const sigma = Math.max(robustSigma(reference), minStd, ROUNDING * Math.abs(median));
    const p = this.#rankSumTail(value);
    const step = Math.abs(recent.medianWith(value) - median);
    const expected = { low: median - shift * sigma, high: median + shift * sigma };
    return verdictOf("level shift", p < significance && step > shift * sigma, scoreOfP(p), p, expected, bands);
  }

  /** Two-sided p of the rank-sum test, with the correction for continuity. */
  #rankSumTail(value: number): number {
    const { reference, recent } = this.windows;
    const ranks = reference.midRank(value) + midRanks(recent, reference);
    const m = recent.count + 1;
    const n = reference.count;
    const std = Math.sqrt((m * n * (m + n + 1)) / 12);
    const distance = Math.max(0, Math.abs(ranks - (m * n) / 2) - 0.5);
    return Math.min(1, 2 * normalUpperTail(distance / std));
  }
}

/** The ranks of one window's values among those of the other, added up; both are sorted, so one walk along them does. */
function midRanks(window: SortedWindow, among: SortedWindow): number {
  let sum = 0;
  let below = 0;
  let upTo = 0;
  for (let k = 0; k < window.count; k++) {
    const value = window.at(k);
    while (below < among.count && among.at(below) < value) below += 1;
    if (upTo < below) upTo = below;
    while (upTo < among.count && among.at(upTo) <= value) upTo += 1;
    sum += below + upTo;
  }
  return sum / 2;
}
