import { SavedState, type Snapshotable } from "../numeric/state";
import { GapWatch, isUsable } from "../numeric/usable";
import type { Reading } from "../reading/reading";
import type { Detector } from "./detector";

export interface SeriesDetectorOptions {
  /** A longer time between two readings makes the detector start afresh, ms; 0 for none. */
  readonly gap: number;
  /** Whether anomalies are learned like all other values. */
  readonly learnAnomalies: boolean;
  /**
   * When anomalies are not learned: after this many of them in a row the series has moved for good, and the detector
   * starts afresh; 0 for never.
   */
  readonly relearnAfter: number;
}

/** A detector on the readings of one series. */
export class SeriesDetector implements Snapshotable {
  readonly #gap: GapWatch;
  #anomaliesInRow = 0;

  constructor(
    private readonly detector: Detector,
    private readonly options: SeriesDetectorOptions,
  ) {
    this.#gap = new GapWatch(options.gap);
  }

  /**
   * The reading with the detector's verdict. The same reading comes back while too little was learned, and for readings
   * without a usable number, which change nothing.
   */
  push(reading: Reading): Reading {
    if (!isUsable(reading)) return reading;
    const { value, timestamp } = reading;
    if (this.#gap.isAfterGap(timestamp)) this.#restart();
    const anomaly = this.detector.judge(value, timestamp);
    this.#learn(value, timestamp, anomaly?.isAnomaly === true);
    return anomaly ? { ...reading, anomaly } : reading;
  }

  /** Takes in a reading of the past without judging it, in any order; unusable ones change nothing. */
  teach(reading: Reading): void {
    if (!isUsable(reading)) return;
    const { value, timestamp } = reading;
    const isNews = this.latest === undefined || timestamp >= this.latest;
    if (isNews && this.#gap.isAfterGap(timestamp)) this.#restart();
    this.detector.learn(value, timestamp);
  }

  /** Time of the latest reading that was taken in, ms since the epoch; undefined before the first. */
  get latest(): number | undefined {
    return this.#gap.latest;
  }

  #learn(value: number, timestamp: number, isAnomaly: boolean): void {
    if (!isAnomaly) {
      this.#anomaliesInRow = 0;
    } else if (!this.options.learnAnomalies) {
      this.#anomaliesInRow += 1;
      if (this.#anomaliesInRow !== this.options.relearnAfter) {
        this.detector.follow?.(value, timestamp);
        return;
      }
      this.#restart();
    }
    this.detector.learn(value, timestamp);
  }

  #restart(): void {
    this.#anomaliesInRow = 0;
    this.detector.reset();
  }

  snapshot(): unknown {
    return { latest: this.#gap.latest, anomaliesInRow: this.#anomaliesInRow, detector: this.detector.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const latest = saved.optionalNumber("latest");
    const anomaliesInRow = saved.index("anomaliesInRow", Number.MAX_SAFE_INTEGER);
    this.detector.restore(saved.any("detector"));
    this.#gap.latest = latest;
    this.#anomaliesInRow = anomaliesInRow;
  }
}
