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
  /** Told when a series goes on in another unit: figures in degF are no anomalies of figures in Cel, so all is learned anew. */
  readonly onUnit?: (reading: Reading, before: string) => void;
}

/** A detector on the readings of one series. */
export class SeriesDetector implements Snapshotable {
  readonly #gap: GapWatch;
  #anomaliesInRow = 0;
  #unit: string | undefined;

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
    this.#keepUnit(reading);
    if (this.#gap.isAfterGap(timestamp)) this.#restart();
    const anomaly = this.detector.judge(value, timestamp);
    this.#learn(value, timestamp, anomaly?.isAnomaly === true);
    return anomaly ? { ...reading, anomaly } : reading;
  }

  /** Takes in a reading of the past without judging it, in any order; unusable ones change nothing. */
  teach(reading: Reading): void {
    if (!isUsable(reading)) return;
    const { value, timestamp } = reading;
    this.#keepUnit(reading);
    const isNews = this.latest === undefined || timestamp >= this.latest;
    if (isNews && this.#gap.isAfterGap(timestamp)) this.#restart();
    this.detector.learn(value, timestamp);
  }

  /** Time of the latest reading that was taken in, ms since the epoch; undefined before the first. */
  get latest(): number | undefined {
    return this.#gap.latest;
  }

  #keepUnit(reading: Reading): void {
    const before = this.#unit;
    if (before === reading.unit) return;
    this.#unit = reading.unit;
    if (before === undefined) return;
    this.#restart();
    this.options.onUnit?.(reading, before);
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
    const [latest, unit, anomaliesInRow] = [this.#gap.latest, this.#unit, this.#anomaliesInRow];
    return { latest, unit, anomaliesInRow, detector: this.detector.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const latest = saved.optionalNumber("latest");
    const anomaliesInRow = saved.index("anomaliesInRow", Number.MAX_SAFE_INTEGER);
    this.detector.restore(saved.any("detector"));
    const unit = saved.any("unit");
    this.#gap.latest = latest;
    this.#unit = typeof unit === "string" ? unit : undefined;
    this.#anomaliesInRow = anomaliesInRow;
  }
}
