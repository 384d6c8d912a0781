import { ConfigError, type ConfigOf } from "../../../kit";
import type { SeriesDetector } from "../../../lib/detect";
import { seriesFactory } from "../../../lib/detect/series-factory";
import { zScoreFactory } from "../../../lib/detect/z-score";
import type { Reading } from "../../../lib/reading";
import { AdaptiveInterval } from "../../../lib/sensing";
import type { schema } from "./schema";

/** Values of a channel that its mean and deviation are of, and how many there have to be. */
const WINDOW = 60;
const MINIMUM = 10;
/** Anomalies in a row after which they are what is normal now. */
const RELEARN_AFTER = 20;

/** How often a part is read: as it is set, or faster while something is going on. */
export class Pace {
  readonly #adaptive: AdaptiveInterval | undefined;
  readonly #normalMs: number;
  readonly #detectors = new Map<string, SeriesDetector>();
  readonly #createDetector: (() => SeriesDetector) | undefined;

  /** @throws ConfigError for a fast interval that is not fast */
  constructor({ trigger, interval, adaptive, fastInterval, anomalies, threshold }: ConfigOf<typeof schema>) {
    this.#normalMs = interval * 1000;
    if (trigger !== "interval" || !adaptive) return;
    if (fastInterval > interval) throw new ConfigError(`Fast interval: expected at most ${interval} s`);
    this.#adaptive = new AdaptiveInterval({ normalMs: this.#normalMs, fastMs: fastInterval * 1000 });
    if (anomalies === "own") {
      this.#createDetector = seriesFactory(zScoreFactory, {
        ...{ window: WINDOW, minimum: MINIMUM, threshold },
        // Learnt, the first anomaly would hide the second.
        ...{ learnAnomalies: false, relearnAfter: RELEARN_AFTER },
      });
    }
  }

  /** Until the next read, ms. */
  get ms(): number {
    return this.#adaptive?.ms ?? this.#normalMs;
  }

  get isFast(): boolean {
    return this.#adaptive?.isFast ?? false;
  }

  /** A verdict of somebody else. Returns true when the next read is due earlier than was planned. */
  judge(isAnomalous: boolean): boolean {
    return this.#adaptive?.judge(isAnomalous) ?? false;
  }

  /** Judges what was read, unless that is somebody else's affair. */
  look(readings: readonly Reading[]): void {
    if (!this.#createDetector) return;
    const judged = readings.map((reading) => this.#detectorOf(reading.sensor).push(reading));
    this.judge(judged.some(({ anomaly }) => anomaly?.isAnomaly === true));
  }

  #detectorOf(sensor: string): SeriesDetector {
    const detector = this.#detectors.get(sensor) ?? this.#createDetector!();
    this.#detectors.set(sensor, detector);
    return detector;
  }
}
