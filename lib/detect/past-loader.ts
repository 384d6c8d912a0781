import type { Reading } from "../reading/reading";
import type { HistoryService } from "../store/contract";
import type { SeriesDetector } from "./series-detector";

/** A series whose past is to be loaded: its first reading since the start, and its detector. */
export interface Newcomer {
  readonly reading: Reading;
  readonly detector: SeriesDetector;
}

export interface PastLoaderOptions {
  /** How far back the past counts, ms. */
  readonly span: number;
  readonly onProblem: (error: unknown) => void;
  readonly now?: () => number;
}

/** Readings fetched at a time: a few milliseconds, after which other work gets its turn. */
const SLICE = 4000;
/** Work done before other work gets its turn, ms. */
const TURN_MS = 5;
/** A store that could not be read is asked again for a series after so long, ms. */
const RETRY_MS = 30_000;

/**
 * Teaches detectors what the store knows of their series' recent past: once for each, at its first reading, and from then on
 * the detector keeps up by itself. A detector that was restored from a snapshot is taught only what came after it.
 */
export class PastLoader {
  readonly #pasts = new WeakMap<SeriesDetector, Past>();
  readonly #now: () => number;

  constructor(
    private readonly history: HistoryService,
    private readonly options: PastLoaderOptions,
  ) {
    this.#now = options.now ?? Date.now;
  }

  /** True when the past of this detector's series is to be loaded now. */
  isNew(detector: SeriesDetector): boolean {
    const past = this.#pasts.get(detector);
    return past === undefined || this.#now() >= past.loadAt;
  }

  /** This detector shall know nothing of the past: it was told to forget. */
  skip(detector: SeriesDetector): void {
    this.#pasts.set(detector, { from: 0, to: 0, loadAt: Number.POSITIVE_INFINITY });
  }

  /**
   * Loads the past of each, one after the other, and lets other work run in between. A store that cannot be read is told of
   * once, and the series go on without their past until it can.
   */
  async load(newcomers: readonly Newcomer[]): Promise<void> {
    let turn = performance.now();
    for (const { reading, detector } of newcomers) {
      if (!this.isNew(detector)) continue;
      const past = this.#pastOf(reading, detector);
      try {
        await this.#teach(reading, past, detector);
        past.loadAt = Number.POSITIVE_INFINITY;
      } catch (error) {
        for (const newcomer of newcomers) this.#postpone(newcomer);
        this.options.onProblem(error);
        return;
      }
      if (performance.now() - turn > TURN_MS) {
        await otherWork();
        turn = performance.now();
      }
    }
  }

  /** What lies before this reading, which may be in the store itself already, and after what a snapshot has brought. */
  #pastOf({ timestamp }: Reading, detector: SeriesDetector): Past {
    const known = this.#pasts.get(detector);
    if (known) return known;
    const learned = detector.latest === undefined ? Number.NEGATIVE_INFINITY : detector.latest + 1;
    const past = { from: Math.max(timestamp - this.options.span, learned), to: timestamp, loadAt: 0 };
    this.#pasts.set(detector, past);
    return past;
  }

  #postpone({ reading, detector }: Newcomer): void {
    if (this.isNew(detector)) this.#pastOf(reading, detector).loadAt = this.#now() + RETRY_MS;
  }

  async #teach({ deviceId, sensor }: Reading, past: Past, detector: SeriesDetector): Promise<void> {
    while (past.from < past.to) {
      const readings = this.history.query({ deviceId, sensor, from: past.from, to: past.to, limit: SLICE });
      for (const reading of readings) detector.teach(reading);
      const last = readings.at(-1);
      if (!last || readings.length < SLICE) return;
      past.from = last.timestamp + 1;
      await otherWork();
    }
  }
}

/** From `from` until before `to`, ms since the epoch; to be loaded from the time `loadAt` on, never again when infinite. */
interface Past {
  from: number;
  readonly to: number;
  loadAt: number;
}

function otherWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
