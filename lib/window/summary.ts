import { RunningMoments } from "../numeric/running-moments";
import { quantile } from "../numeric/sorted-window";
import { SavedState, type Snapshotable } from "../numeric/state";
import { Reservoir } from "./reservoir";

/** What is remembered of the readings in a window beside their values. */
export const UNCERTAIN = 1;
export const LIVE = 2;

/** Statistics of the values in one window, O(1) memory, or O(`percentileCapacity`) when percentiles are asked for. */
export class Summary implements Snapshotable {
  readonly #moments = new RunningMoments();
  readonly #reservoir: Reservoir | undefined;
  #first = 0;
  #firstTime = Number.POSITIVE_INFINITY;
  #last = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  #flags = 0;

  /** @param percentileCapacity values kept for percentiles; 0 when none are asked for */
  constructor(percentileCapacity = 0) {
    this.#reservoir = percentileCapacity > 0 ? new Reservoir(percentileCapacity) : undefined;
  }

  /** @param flags UNCERTAIN, LIVE or both */
  add(value: number, timestamp: number, flags: number): void {
    this.#moments.push(value);
    this.#reservoir?.push(value);
    if (timestamp < this.#firstTime) {
      this.#first = value;
      this.#firstTime = timestamp;
    }
    if (timestamp >= this.#lastTime) {
      this.#last = value;
      this.#lastTime = timestamp;
    }
    this.#flags |= flags;
  }

  /** Adds all of another window. */
  merge(other: Summary): void {
    this.#moments.merge(other.#moments);
    if (other.#reservoir) this.#reservoir?.merge(other.#reservoir);
    if (other.#firstTime < this.#firstTime) {
      this.#first = other.#first;
      this.#firstTime = other.#firstTime;
    }
    if (other.#lastTime > this.#lastTime) {
      this.#last = other.#last;
      this.#lastTime = other.#lastTime;
    }
    this.#flags |= other.#flags;
  }

  get count(): number {
    return this.#moments.count;
  }

  get sum(): number {
    return this.#moments.sum;
  }

  get mean(): number {
    return this.#moments.mean;
  }

  get min(): number {
    return this.#moments.min;
  }

  get max(): number {
    return this.#moments.max;
  }

  /** Sample standard deviation, divisor n - 1; undefined for fewer than two values. */
  get std(): number | undefined {
    const { variance } = this.#moments;
    return variance === undefined ? undefined : Math.sqrt(variance);
  }

  /** Value with the earliest timestamp, and with the latest. */
  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** Timestamps of these two. */
  get firstTime(): number {
    return this.#firstTime;
  }

  get lastTime(): number {
    return this.#lastTime;
  }

  /** Change from the first to the last value per second; undefined when no time lies between them. */
  get rate(): number | undefined {
    const elapsed = this.#lastTime - this.#firstTime;
    return elapsed > 0 ? ((this.#last - this.#first) * 1000) / elapsed : undefined;
  }

  /** Values at the given fractions from 0 to 1; none when the summary keeps no values. */
  quantiles(fractions: readonly number[]): readonly number[] {
    if (!this.#reservoir || fractions.length === 0) return [];
    const sorted = this.#reservoir.sorted();
    return fractions.map((fraction) => quantile(sorted, fraction));
  }

  get isUncertain(): boolean {
    return (this.#flags & UNCERTAIN) !== 0;
  }

  /** True when none of the readings was live. */
  get isHistorical(): boolean {
    return (this.#flags & LIVE) === 0;
  }

  snapshot(): unknown {
    return {
      moments: this.#moments.snapshot(),
      values: this.#reservoir?.snapshot(),
      first: this.#first,
      firstTime: this.count > 0 ? this.#firstTime : undefined,
      last: this.#last,
      lastTime: this.count > 0 ? this.#lastTime : undefined,
      flags: this.#flags,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#moments.restore(saved.any("moments"));
    this.#reservoir?.restore(saved.any("values"));
    this.#first = saved.number("first");
    this.#firstTime = saved.optionalNumber("firstTime") ?? Number.POSITIVE_INFINITY;
    this.#last = saved.number("last");
    this.#lastTime = saved.optionalNumber("lastTime") ?? Number.NEGATIVE_INFINITY;
    this.#flags = saved.index("flags", UNCERTAIN | LIVE);
  }
}
