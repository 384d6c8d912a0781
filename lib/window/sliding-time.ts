import { SavedState } from "../numeric/state";
import type { TimeWindowOptions } from "./pane";
import { Samples } from "./samples";
import { Summary } from "./summary";
import { type ClosedWindow, Watermark, type Windower } from "./windower";

export interface SlidingTimeOptions extends TimeWindowOptions {
  /** Length of each window, ms. */
  readonly size: number;
  /** Distance between the ends of two windows, ms; at most the size. */
  readonly every: number;
  /** Most readings kept; beyond it the oldest go, and windows that miss them are marked. */
  readonly capacity: number;
}

/**
 * Sliding windows: a window of `size` ends at every multiple of `every`, so they overlap. A window with no reading in it is
 * not given. Computed from the readings themselves at each end: size / every additions a reading on average.
 */
export class SlidingTime implements Windower {
  readonly #samples: Samples;
  #closedUntil = Number.NEGATIVE_INFINITY;
  /** Time of the latest sample that had to go too early. */
  #lostUntil = Number.NEGATIVE_INFINITY;
  readonly #watermark = new Watermark();

  constructor(private readonly options: SlidingTimeOptions) {
    this.#samples = new Samples(options.capacity);
  }

  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    const { size, every } = this.options;
    const lastEnd = Math.floor((time + size) / every) * every;
    if (lastEnd <= this.#closedUntil) return false;
    this.#watermark.observe(time, now);
    this.#close(this.#watermark.latest, closed);
    const oldest = Math.min(this.#samples.firstTime ?? time, time);
    if (!this.#samples.insert(value, time, flags)) this.#lostUntil = Math.max(this.#lostUntil, oldest);
    return true;
  }

  #close(watermark: number, closed: ClosedWindow[]): void {
    const { size, every, lateness } = this.options;
    const until = Math.floor((watermark - lateness) / every) * every;
    if (until <= this.#closedUntil) return;
    for (let end = this.#nextEnd(); end <= until; end = this.#nextEnd()) {
      const start = end - size;
      const from = this.#samples.countBefore(start);
      const to = this.#samples.countBefore(end);
      if (to > from) {
        const summary = this.#samples.summarize(new Summary(this.options.percentileCapacity), from, to);
        closed.push({ summary, start, end, truncated: start <= this.#lostUntil });
      }
      this.#closedUntil = end;
      this.#samples.drop(this.#samples.countBefore(end + every - size));
    }
    this.#closedUntil = until;
  }

  /** End of the earliest window that is open and not empty; Infinity when there is none. */
  #nextEnd(): number {
    const { every } = this.options;
    const first = this.#samples.firstTime;
    if (first === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(this.#closedUntil + every, Math.floor(first / every) * every + every);
  }

  tick(now: number, closed: ClosedWindow[]): void {
    if (this.#samples.count > 0) this.#close(this.#watermark.at(now) - this.options.idle, closed);
  }

  /** Closes up to the first window that holds the latest reading. Later readings may open windows of the same times. */
  flush(closed: ClosedWindow[]): void {
    const { every, lateness } = this.options;
    const closedUntil = this.#closedUntil;
    const last = this.#samples.lastTime;
    if (last === undefined) return;
    this.#close(Math.floor(last / every) * every + every + lateness, closed);
    this.#samples.drop(this.#samples.count);
    this.#closedUntil = closedUntil;
  }

  snapshot(): unknown {
    return {
      samples: this.#samples.snapshot(),
      closedUntil: Number.isFinite(this.#closedUntil) ? this.#closedUntil : undefined,
      lostUntil: Number.isFinite(this.#lostUntil) ? this.#lostUntil : undefined,
      watermark: this.#watermark.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#samples.restore(saved.any("samples"));
    this.#watermark.restore(saved.any("watermark"));
    this.#closedUntil = saved.optionalNumber("closedUntil") ?? Number.NEGATIVE_INFINITY;
    this.#lostUntil = saved.optionalNumber("lostUntil") ?? Number.NEGATIVE_INFINITY;
  }
}
