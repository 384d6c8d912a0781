import { DeviceClock } from "../clock";
import { integerWithin, numberWithin, SavedState, type Snapshotable, StateError } from "../numeric";
import { Continuity } from "./continuity";
import { samplesIn, textOf } from "./samples-text";

export interface AssemblerOptions {
  /** Samples of a window. */
  readonly size: number;
  /** Samples from the beginning of one window to that of the next: the size for no overlap. */
  readonly step: number;
  /** Of single samples; without it their times tell. Blocks bring their own. */
  readonly rateHz?: number;
  /** Longest run of missing samples that is filled by a straight line. */
  readonly bridge: number;
}

/** What is known of samples beside their values. */
export interface Provenance {
  readonly uncertain: boolean;
  readonly historical: boolean;
}

/** A full window of samples at a constant rate. */
export interface Window extends Provenance {
  readonly samples: Float64Array;
  readonly rateHz: number;
  /** When the last sample was taken. */
  readonly end: number;
}

/** A series' longest window: half a megabyte. */
export const MAX_WINDOW = 65_536;

/** Timestamps are whole milliseconds more often than not. */
const COARSE_MS = 2;

/**
 * Cuts the samples of one series, which come one by one or in blocks, into windows that overlap. A gap that cannot be
 * bridged begins a new window, because a spectrum over a gap shows what was never there. Memory: two numbers a sample.
 */
export class WindowAssembler implements Snapshotable {
  readonly #values: Float64Array;
  readonly #times: Float64Array;
  #continuity: Continuity;
  readonly #clock = new DeviceClock();
  #count = 0;
  #next = 0;
  /** Samples since the last window, or before the first. */
  #fresh = 0;
  #rateHz: number | undefined;
  /** How many samples ago the last uncertain and the last live one were; at most a window. */
  #sinceUncertain: number;
  #sinceLive: number;

  /** @throws RangeError naming the option and what was expected */
  constructor(private readonly options: AssemblerOptions) {
    const { size, step, rateHz, bridge } = options;
    integerWithin("size", size, 8, MAX_WINDOW);
    integerWithin("step", step, 1, size);
    integerWithin("bridge", bridge, 0, 1000);
    if (rateHz !== undefined) numberWithin("rateHz", rateHz, 1e-9, 1e9);
    this.#values = new Float64Array(size);
    this.#times = new Float64Array(size);
    this.#rateHz = rateHz;
    this.#sinceUncertain = this.#sinceLive = size;
    this.#continuity = new Continuity(rateHz === undefined ? undefined : 1000 / rateHz);
  }

  /** When the latest sample was taken; undefined while there is none. */
  get latest(): number | undefined {
    return this.#count === 0 ? undefined : this.#times[this.#at(this.#count - 1)];
  }

  /** A sample that came without a usable value. */
  skip(): void {
    this.#continuity.skip();
  }

  /**
   * Takes one sample; windows that are full then go to `out`.
   * @returns what was wrong, when it was not taken or a window had to be begun anew
   */
  push(value: number, timestamp: number, provenance: Provenance, out: Window[]): string | undefined {
    const tick = this.#clock.tick(timestamp);
    if (tick === "leap") {
      this.#continuity.skip();
      return farAhead(timestamp);
    }
    if (this.#rateHz !== this.options.rateHz) this.#begin(this.options.rateHz);
    if (tick === "restarted" && this.#count > 0) {
      const trouble = this.#backTo(timestamp);
      this.#begin(this.#rateHz);
      this.#continuity.next(timestamp);
      this.#add(value, timestamp, provenance, out);
      return trouble;
    }
    const step = this.#continuity.next(timestamp);
    if (step === "back") return `earlier than the sample before it, by ${(this.latest as number) - timestamp} ms`;
    if (step.missing > this.options.bridge) {
      const begun = this.#count;
      this.#begin(this.#rateHz);
      this.#continuity.next(timestamp);
      this.#add(value, timestamp, provenance, out);
      return `${step.missing} samples are missing before it: a window of ${this.options.size} was begun anew after ${begun}`;
    }
    if (step.missing > 0) this.#bridge(step.missing, value, timestamp, provenance, out);
    return this.#add(value, timestamp, provenance, out);
  }

  /**
   * Takes a block of samples whose last was taken at `end`.
   * @param overrun samples right before these are lost
   */
  pushBlock(
    block: { readonly samples: Float64Array; readonly rateHz: number; readonly end: number; readonly overrun: boolean },
    provenance: Provenance,
    out: Window[],
  ): string | undefined {
    const { samples, rateHz, end, overrun } = block;
    const interval = 1000 / rateHz;
    const start = end - interval * (samples.length - 1);
    const tick = this.#clock.tick(end);
    if (tick === "leap") return farAhead(end);
    const { latest } = this;
    const isBack = tick === "restarted" && latest !== undefined;
    if (!isBack && latest !== undefined && end <= latest)
      return `earlier than the block before it, by ${latest - end} ms`;
    const trouble = isBack ? this.#backTo(end) : this.#breakBefore(start, rateHz, samples.length, overrun);
    if (trouble !== undefined || this.#rateHz !== rateHz) this.#begin(rateHz);
    for (let i = 0; i < samples.length; i++) this.#add(samples[i] as number, start + i * interval, provenance, out);
    return trouble;
  }

  /** Why a block cannot continue what is there. The part's clock and ours differ, so a fifth of a block is no gap. */
  #breakBefore(start: number, rateHz: number, length: number, overrun: boolean): string | undefined {
    const { latest } = this;
    if (latest === undefined) return undefined;
    const anew = `a window of ${this.options.size} was begun anew after ${this.#count}`;
    if (overrun) return `samples before it are lost: ${anew}`;
    if (this.#rateHz !== rateHz) return `its rate is ${rateHz} Hz after ${this.#rateHz} Hz: ${anew}`;
    const late = start - latest - 1000 / rateHz;
    const tolerated = Math.max(COARSE_MS, (200 * length) / rateHz);
    return late > tolerated ? `${Math.round(late)} ms are missing before it: ${anew}` : undefined;
  }

  #backTo(timestamp: number): string {
    const [from, to] = [timeOf(this.latest as number), timeOf(timestamp)];
    return `its time went back from ${from} to ${to}: a window of ${this.options.size} was begun anew after ${this.#count}`;
  }

  #begin(rateHz: number | undefined): void {
    this.#count = this.#next = this.#fresh = 0;
    this.#sinceUncertain = this.#sinceLive = this.options.size;
    this.#rateHz = rateHz;
    this.#continuity.clear();
  }

  #bridge(missing: number, value: number, timestamp: number, provenance: Provenance, out: Window[]): void {
    const last = this.#at(this.#count - 1);
    const [from, since] = [this.#values[last] as number, this.#times[last] as number];
    for (let i = 1; i <= missing; i++) {
      const share = i / (missing + 1);
      this.#add(
        from + share * (value - from),
        since + share * (timestamp - since),
        { ...provenance, uncertain: true },
        out,
      );
    }
  }

  #add(value: number, timestamp: number, { uncertain, historical }: Provenance, out: Window[]): string | undefined {
    const { size, step } = this.options;
    this.#values[this.#next] = value;
    this.#times[this.#next] = timestamp;
    this.#next = (this.#next + 1) % size;
    this.#count = Math.min(size, this.#count + 1);
    this.#fresh += 1;
    this.#sinceUncertain = uncertain ? 0 : Math.min(size, this.#sinceUncertain + 1);
    this.#sinceLive = historical ? Math.min(size, this.#sinceLive + 1) : 0;
    if (this.#count < size || this.#fresh < step) return undefined;
    this.#fresh = 0;
    if (this.#rateHz === undefined && this.latest === this.#times[this.#at(0)]) {
      return `the last ${size} samples all have the same time: say their rate`;
    }
    out.push(this.#window());
    return undefined;
  }

  #window(): Window {
    const { size } = this.options;
    const samples = new Float64Array(size);
    samples.set(this.#values.subarray(this.#next));
    samples.set(this.#values.subarray(0, this.#next), size - this.#next);
    const [first, last] = [this.#times[this.#at(0)] as number, this.#times[this.#at(size - 1)] as number];
    const interval = (last - first) / (size - 1);
    return {
      samples,
      rateHz: this.#rateHz ?? 1000 / interval,
      end: last,
      uncertain: this.#sinceUncertain < size || (this.#rateHz === undefined && this.#isUneven(interval)),
      historical: this.#sinceLive >= size,
    };
  }

  /** Intervals that are half as long again, or half: what is computed as evenly spaced is then only nearly right. */
  #isUneven(interval: number): boolean {
    const { size } = this.options;
    for (let i = 1; i < size; i++) {
      const elapsed = (this.#times[this.#at(i)] as number) - (this.#times[this.#at(i - 1)] as number);
      if (Math.abs(elapsed - interval) > Math.max(0.5 * interval, 1)) return true;
    }
    return false;
  }

  /** Where the i-th oldest sample is. */
  #at(i: number): number {
    const { size } = this.options;
    return (this.#next - this.#count + i + size) % size;
  }

  snapshot(): unknown {
    const order = Array.from({ length: this.#count }, (_, i) => this.#at(i));
    return {
      count: this.#count,
      values: textOf(Float64Array.from(order, (at) => this.#values[at] as number)),
      times: textOf(Float64Array.from(order, (at) => this.#times[at] as number)),
      continuity: this.#continuity.snapshot(),
      clock: this.#clock.snapshot(),
      fresh: this.#fresh,
      rateHz: this.#rateHz ?? 0,
      sinceUncertain: this.#sinceUncertain,
      sinceLive: this.#sinceLive,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const { size } = this.options;
    const count = saved.index("count", size);
    const values = samplesIn(saved, "values", count);
    const times = samplesIn(saved, "times", count);
    if (![...values, ...times].every(Number.isFinite)) throw new StateError("values: expected finite numbers");
    const rateHz = saved.number("rateHz");
    this.#continuity = new Continuity(this.options.rateHz === undefined ? undefined : 1000 / this.options.rateHz);
    this.#continuity.restore(saved.any("continuity"));
    this.#fresh = saved.index("fresh", Number.MAX_SAFE_INTEGER);
    this.#sinceUncertain = saved.index("sinceUncertain", size);
    this.#sinceLive = saved.index("sinceLive", size);
    this.#rateHz = rateHz > 0 ? rateHz : undefined;
    this.#values.set(values);
    this.#times.set(times);
    this.#count = count;
    this.#next = count % size;
    const clock = saved.any("clock");
    if (clock !== undefined) this.#clock.restore(clock);
    // States of before there were clocks have the time of the newest sample.
    else if (this.latest !== undefined) this.#clock.tick(this.latest);
  }
}

function farAhead(timestamp: number): string {
  return `dated ${timeOf(timestamp)}, far ahead of those before it: left out unless the next one agrees`;
}

function timeOf(timestamp: number): string {
  return new Date(timestamp).toISOString();
}
