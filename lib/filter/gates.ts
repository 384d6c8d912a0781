import { SavedState, StateError } from "../numeric/state";
import type { NumericReading, Reading, ReadingValue } from "../reading/reading";
import { type Stage, substituted } from "./filter";

export interface DeadbandOptions {
  /** Smallest change that is reported: in the reading's unit, or in percent of the value reported last. */
  readonly deadband: number;
  readonly mode: "absolute" | "percent";
  /** Longest time without a report while readings come, in ms; 0 for any. */
  readonly maxSilence: number;
}

/**
 * Report by exception: a reading goes out when it differs from the one reported last by the deadband or more, when the
 * last report is too long ago, and after a bad one. Texts and booleans go out when they change, bad readings always.
 * With a deadband of 0 every change goes out and repetitions do not (OPC UA Part 4, 7.22.2 AbsoluteDeadband).
 */
export class Deadband implements Stage {
  #value: ReadingValue = null;
  #time = 0;

  constructor(private readonly options: DeadbandOptions) {}

  accept(reading: NumericReading, out: Reading[]): void {
    if (this.#isExceptional(reading.value) || this.#isSilentFor(reading.timestamp)) this.#report(reading, out);
  }

  #isExceptional(value: number): boolean {
    const last = this.#value;
    if (typeof last !== "number") return true;
    const change = Math.abs(value - last);
    const { deadband, mode } = this.options;
    return change > 0 && change >= (mode === "absolute" ? deadband : (deadband / 100) * Math.abs(last));
  }

  #isSilentFor(timestamp: number): boolean {
    const { maxSilence } = this.options;
    return maxSilence > 0 && Math.abs(timestamp - this.#time) >= maxSilence;
  }

  pass(reading: Reading, out: Reading[]): void {
    if (reading.quality === "bad" || reading.value !== this.#value || this.#isSilentFor(reading.timestamp)) {
      this.#report(reading, out);
    }
  }

  #report(reading: Reading, out: Reading[]): void {
    // After a bad reading the next good one is news, whatever its value.
    this.#value = reading.quality === "bad" ? null : reading.value;
    this.#time = reading.timestamp;
    out.push(reading);
  }

  reset(): void {
    this.#value = null;
  }

  snapshot(): unknown {
    return { value: this.#value, time: this.#time };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const value = saved.any("value");
    this.#time = saved.number("time");
    this.#value =
      typeof value === "string" || typeof value === "boolean" || value === null ? value : saved.number("value");
  }
}

/**
 * Lets at most `count` readings pass in any `interval` ms of the readings' time, the earliest ones; bad, text and boolean
 * readings count like all others. Exact for every interval, not only for aligned ones: it remembers when the last
 * `count` readings passed.
 */
export class RateLimit implements Stage {
  readonly #passed: Float64Array;
  #count = 0;
  #next = 0;

  constructor(private readonly options: { readonly count: number; readonly interval: number }) {
    this.#passed = new Float64Array(options.count);
  }

  accept(reading: Reading, out: Reading[]): void {
    const { count, interval } = this.options;
    const latest = this.#passed[(this.#next + count - 1) % count] as number;
    // A step back by the interval or more: the clock was set, or a reading was dated far ahead.
    if (latest - reading.timestamp >= interval) this.reset();
    const time = this.#count === 0 ? reading.timestamp : Math.max(latest, reading.timestamp);
    if (this.#count === count && time - (this.#passed[this.#next] as number) < interval) return;
    this.#passed[this.#next] = time;
    this.#next = (this.#next + 1) % count;
    this.#count = Math.min(this.#count + 1, count);
    out.push(reading);
  }

  pass(reading: Reading, out: Reading[]): void {
    this.accept(reading, out);
  }

  reset(): void {
    this.#count = this.#next = 0;
  }

  snapshot(): unknown {
    return { passed: Array.from(this.#passed.subarray(0, this.#count)), next: this.#next };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const passed = saved.numbers("passed", this.options.count);
    const next = saved.index("next", this.options.count - 1);
    if (passed.length < this.options.count && next !== passed.length) throw new StateError("next: does not fit");
    this.#next = next;
    this.#passed.set(passed);
    this.#count = passed.length;
  }
}

export interface RangeOptions {
  readonly min: number;
  readonly max: number;
  readonly outside: "clamp" | "drop" | "bad";
}

/**
 * Range check. A value outside is set to the limit and marked uncertain, or dropped, or kept and marked bad. A range that
 * a sensor cannot leave tells a broken wire; one that it should not leave is an alert rule's business.
 */
export class RangeCheck implements Stage {
  constructor(private readonly options: RangeOptions) {}

  accept(reading: NumericReading, out: Reading[]): void {
    const { min, max, outside } = this.options;
    if (reading.value >= min && reading.value <= max) out.push(reading);
    else if (outside === "clamp") out.push(substituted(reading, reading.value < min ? min : max));
    else if (outside === "bad") out.push({ ...reading, quality: "bad" });
  }

  reset(): void {}

  snapshot(): unknown {
    return {};
  }

  restore(): void {}
}

export interface CalibrationOptions {
  readonly gain: number;
  readonly offset: number;
  /** UCUM code of the result; "" when it is that of the reading. */
  readonly unit: string;
}

/** Linear calibration: gain * value + offset. Bad numbers are converted too, so that one series has one unit. */
export class Calibration implements Stage {
  constructor(private readonly options: CalibrationOptions) {}

  accept(reading: NumericReading, out: Reading[]): void {
    const { gain, offset, unit } = this.options;
    out.push({ ...reading, value: gain * reading.value + offset, unit: unit || reading.unit });
  }

  pass(reading: Reading, out: Reading[]): void {
    const { gain, offset, unit } = this.options;
    const { value } = reading;
    if (typeof value === "number") {
      const calibrated = gain * value + offset;
      const finite = Number.isFinite(calibrated);
      out.push({
        ...reading,
        value: finite ? calibrated : null,
        unit: unit || reading.unit,
        quality: finite ? reading.quality : "bad",
      });
    } else {
      out.push(value === null && unit ? { ...reading, unit } : reading);
    }
  }

  reset(): void {}

  snapshot(): unknown {
    return {};
  }

  restore(): void {}
}
