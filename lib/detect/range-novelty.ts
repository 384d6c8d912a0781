import { numberWithin } from "../numeric/limits";
import { MAX_MAGNITUDE } from "../numeric/sliding-moments";
import { SavedState } from "../numeric/state";
import type { AnomalyVerdict } from "../reading/reading";
import { type Detector, SMALLEST_P } from "./detector";
import { bandsOf, type DetectorOptions, minStdOf, significanceOf } from "./options";
import { RecordTail } from "./record-tail";
import { ROUNDING, type SeverityBands, scoreOfP, verdictOf } from "./severity";

export interface RangeNoveltyOptions {
  /** The p below which a new extreme is an anomaly. */
  readonly significance: number;
  /** What the sensor can show, as declared by its maker. */
  readonly low: number;
  readonly high: number;
  readonly minStd: number;
  readonly bands: SeverityBands;
}

/** Values needed before anything is judged: with 11 at each end fewer would be all ends. */
const MINIMUM = 30;

/** A declared range says how coarse the sensor is: makers warrant no better than about this part of it. */
const RESOLUTION_OF_RANGE = 0.001;

/** @throws RangeError naming the option */
export function rangeNoveltyFactory(options: DetectorOptions): () => Detector {
  const { declaredLow, declaredHigh } = options;
  const low = declaredLow === undefined ? -Infinity : numberWithin("declaredLow", declaredLow, -1e150, MAX_MAGNITUDE);
  const high =
    declaredHigh === undefined ? Infinity : numberWithin("declaredHigh", declaredHigh, -1e150, MAX_MAGNITUDE);
  if (!(low < high)) throw new RangeError(`declaredLow: expected less than declaredHigh, ${high}, got ${low}`);
  const checked: RangeNoveltyOptions = {
    significance: significanceOf(options),
    low,
    high,
    minStd: minStdOf(options),
    bands: bandsOf(options),
  };
  return () => new RangeNovelty(checked);
}

/**
 * Finds new extremes: values beyond all that the series has ever shown, further than records go by chance (see RecordTail).
 * In a steady series records become rarer, the n-th value is one with probability 2 / n, so false alarms do too. What lies
 * outside of the declared range, where one is given, is an anomaly from the first reading on: no normal value can.
 *
 * The score is -log10 p. p is given for values near or beyond the extremes; it is 1 in between, where this detector sees
 * nothing.
 */
export class RangeNovelty implements Detector {
  readonly #upper = new RecordTail();
  /** Of the values with their sign changed. */
  readonly #lower = new RecordTail();
  #count = 0;
  #latest = 0;
  /** Smallest difference between two values in a row; 0 while there was none. Series of few digits move by this. */
  #step = 0;

  constructor(private readonly options: RangeNoveltyOptions) {}

  judge(value: number): AnomalyVerdict | undefined {
    const { low, high, significance, bands } = this.options;
    const ready = this.#count >= MINIMUM;
    const expected = {
      low: ready ? Math.max(low, this.#edge(-1)) : low,
      high: ready ? Math.min(high, this.#edge(1)) : high,
    };
    if (value < low || value > high) {
      return verdictOf("range novelty", true, scoreOfP(SMALLEST_P), SMALLEST_P, finite(expected, value), bands);
    }
    if (!ready) return undefined;
    const scale = this.#scale;
    const tail = Math.min(
      this.#upper.upperTail(value, this.#count, scale),
      this.#lower.upperTail(-value, this.#count, scale),
    );
    const p = Math.min(1, 2 * tail);
    const isRecord = value > this.#upper.record || -value > this.#lower.record;
    return verdictOf("range novelty", isRecord && p < significance, scoreOfP(p), p, expected, bands);
  }

  learn(value: number): void {
    if (value < this.options.low || value > this.options.high) return;
    const step = Math.abs(value - this.#latest);
    if (this.#count > 0 && step > 0 && (step < this.#step || this.#step === 0)) this.#step = step;
    this.#latest = value;
    this.#count = Math.min(this.#count + 1, Number.MAX_SAFE_INTEGER);
    this.#upper.learn(value);
    this.#lower.learn(-value);
  }

  /** Where values become anomalies, above or below. */
  #edge(sign: 1 | -1): number {
    const tail = sign > 0 ? this.#upper : this.#lower;
    return sign * tail.quantile(this.options.significance / 2, this.#count, this.#scale);
  }

  get #scale(): number {
    const { low, high, minStd } = this.options;
    const declared = high - low < Infinity ? RESOLUTION_OF_RANGE * (high - low) : 0;
    const rounding = ROUNDING * Math.max(Math.abs(this.#upper.record), Math.abs(this.#lower.record));
    return Math.max(this.#step, minStd, declared, rounding, Number.MIN_VALUE);
  }

  reset(): void {
    this.#upper.reset();
    this.#lower.reset();
    this.#count = this.#latest = this.#step = 0;
  }

  snapshot(): unknown {
    const upper = this.#upper.snapshot();
    return { count: this.#count, latest: this.#latest, step: this.#step, upper, lower: this.#lower.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const count = saved.index("count", Number.MAX_SAFE_INTEGER);
    const latest = saved.number("latest");
    const step = saved.number("step");
    this.#upper.restore(saved.any("upper"));
    this.#lower.restore(saved.any("lower"));
    this.#count = count;
    this.#latest = latest;
    this.#step = step;
  }
}

/** A side that is not declared has no number that JSON could carry: then it is the value's own. */
function finite(range: { readonly low: number; readonly high: number }, value: number): { low: number; high: number } {
  return {
    low: Number.isFinite(range.low) ? range.low : Math.min(value, range.high),
    high: Number.isFinite(range.high) ? range.high : Math.max(value, range.low),
  };
}
