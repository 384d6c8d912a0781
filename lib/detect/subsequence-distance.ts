import { integerWithin, numberWithin } from "../numeric/limits";
import { SavedState, StateError } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { ContextMemory, type NearestContext } from "./context-memory";
import type { Detector } from "./detector";
import { ROUNDING, type SeverityBands, scoreOfP, verdictOf } from "./severity";
import { TailCalibration } from "./tail-calibration";

export interface SubsequenceOptions {
  /** Readings in a row that are looked at together. */
  readonly length: number;
  /** Patterns that are remembered. */
  readonly contexts: number;
  /** One false alarm in so many normal readings. */
  readonly oneIn: number;
  /** Smallest spread that is believed, in the reading's unit. */
  readonly minStd: number;
  /** Scores from which an anomaly is medium, high and critical; ascending. */
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
}

export const SUBSEQUENCE_DEFAULTS: SubsequenceOptions = {
  length: 16,
  contexts: 100,
  oneIn: 10_000,
  minStd: 0,
  medium: 4,
  high: 6,
  critical: 10,
};

interface Settings {
  readonly length: number;
  readonly contexts: number;
  readonly significance: number;
  readonly minStd: number;
  readonly bands: SeverityBands;
}

/** Distances that the tail is learned from. */
const CALIBRATION = 1000;

/** Standard deviations of the series within which two windows look alike. */
const VIGILANCE = 0.3;

/** Values that the standard deviation is of. */
const SPREAD_OF = 5000;

/** @throws RangeError naming the option, what it was and what was expected */
export function subsequenceFactory(options: Partial<SubsequenceOptions> = {}): () => Detector {
  const { length, contexts, oneIn, minStd, medium, high, critical } = { ...SUBSEQUENCE_DEFAULTS, ...options };
  if (!(medium <= high && high <= critical)) {
    throw new RangeError(`severity: expected medium <= high <= critical, got ${medium}, ${high} and ${critical}`);
  }
  const settings = {
    length: integerWithin("length", length, 2, 500),
    contexts: integerWithin("contexts", contexts, 2, 2000),
    significance: 1 / numberWithin("oneIn", oneIn, 10, 1e12),
    minStd: numberWithin("minStd", minStd, 0, 1e150),
    bands: { medium, high, critical },
  };
  return () => new SubsequenceDistance(settings);
}

/**
 * Finds patterns that the series has not shown before: the last values as a window, and its distance from the nearest of the
 * windows remembered (discords of a stream: Keogh, Lin and Fu 2005, ICDM; in bounded memory by ContextMemory). The distance
 * is calibrated by those before it; the score is -log10 p. Sees what no single value shows: a cycle that stops, stutters or
 * comes at the wrong time.
 */
class SubsequenceDistance implements Detector {
  readonly #memory: ContextMemory;
  readonly #distances = new TailCalibration(CALIBRATION);
  /** The last values, oldest first, with room for the one that is judged. */
  readonly #window: Float64Array;
  #filled = 0;
  #count = 0;
  #mean = 0;
  #variance = 0;
  #looked: (NearestContext & { readonly value: number }) | undefined;

  constructor(private readonly settings: Settings) {
    this.#window = new Float64Array(settings.length);
    this.#memory = new ContextMemory(settings.length, settings.contexts);
  }

  judge(value: number): AnomalyVerdict | undefined {
    if (!this.#distances.isReady) return undefined;
    const { significance, bands, minStd } = this.settings;
    const scale = Math.max(minStd, ROUNDING * Math.abs(value));
    const p = this.#distances.upperTail(this.#nearest(value).distance, scale);
    return verdictOf("subsequence", p < significance, scoreOfP(p), p, undefined, bands);
  }

  learn(value: number): void {
    const { length } = this.settings;
    const std = Math.max(Math.sqrt(this.#variance), this.settings.minStd);
    if (this.#filled === length - 1) {
      const nearest = this.#nearest(value);
      if (nearest.index >= 0) this.#distances.learn(nearest.distance);
      this.#memory.learn(this.#window, nearest, VIGILANCE * std);
      this.#window.copyWithin(0, 1);
    } else {
      this.#window[this.#filled] = value;
      this.#filled += 1;
    }
    this.#looked = undefined;
    this.#count = Math.min(this.#count + 1, SPREAD_OF);
    const delta = value - this.#mean;
    this.#mean += delta / this.#count;
    this.#variance += (delta * (value - this.#mean) - this.#variance) / this.#count;
  }

  /** Of the window with this value as the newest. Learning asks again what judging has just asked. */
  #nearest(value: number): NearestContext {
    if (this.#looked?.value !== value) {
      this.#window[this.settings.length - 1] = value;
      this.#looked = { value, ...this.#memory.nearest(this.#window) };
    }
    return this.#looked;
  }

  reset(): void {
    this.#memory.clear();
    this.#distances.clear();
    this.#looked = undefined;
    this.#filled = this.#count = this.#mean = this.#variance = 0;
  }

  snapshot(): unknown {
    return {
      memory: this.#memory.snapshot(),
      distances: this.#distances.snapshot(),
      window: Array.from(this.#window.subarray(0, this.#filled)),
      moments: [this.#count, this.#mean, this.#variance],
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const window = saved.numbers("window", this.settings.length - 1);
    const moments = saved.numbers("moments", 3);
    if (moments.length !== 3) throw new StateError("moments: expected count, mean and variance");
    this.#memory.restore(saved.any("memory"));
    this.#distances.restore(saved.any("distances"));
    this.#window.set(window);
    this.#filled = window.length;
    [this.#count, this.#mean, this.#variance] = moments as [number, number, number];
    this.#looked = undefined;
  }
}
