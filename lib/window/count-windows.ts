import { SavedState } from "../numeric/state";
import { Samples } from "./samples";
import { Summary } from "./summary";
import { type ClosedWindow, Watermark, type Windower } from "./windower";

export interface CountWindowOptions {
  /** Readings in a window. */
  readonly count: number;
  /** Values kept a window for percentiles; 0 for none. */
  readonly percentileCapacity: number;
}

/** Every `count` readings, in the order they come, make a window; none is ever late. */
export class TumblingCount implements Windower {
  #summary: Summary;
  readonly #watermark = new Watermark();

  /** @param options `timeout`: silence after which an unfinished window closes, ms of wall clock; 0 for never */
  constructor(private readonly options: CountWindowOptions & { readonly timeout: number }) {
    this.#summary = new Summary(options.percentileCapacity);
  }

  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    this.#watermark.observe(time, now);
    this.#summary.add(value, time, flags);
    if (this.#summary.count >= this.options.count) this.flush(closed);
    return true;
  }

  tick(now: number, closed: ClosedWindow[]): void {
    const { timeout } = this.options;
    if (timeout > 0 && this.#watermark.silence(now) >= timeout) this.flush(closed);
  }

  flush(closed: ClosedWindow[]): void {
    const summary = this.#summary;
    if (summary.count === 0) return;
    closed.push({ summary, start: summary.firstTime, end: summary.lastTime });
    this.#summary = new Summary(this.options.percentileCapacity);
  }

  snapshot(): unknown {
    return { summary: this.#summary.snapshot(), watermark: this.#watermark.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const summary = new Summary(this.options.percentileCapacity);
    summary.restore(saved.any("summary"));
    this.#watermark.restore(saved.any("watermark"));
    this.#summary = summary;
  }
}

/** The newest `count` readings, given once there are that many and then again after every `every` readings. */
export class SlidingCount implements Windower {
  readonly #samples: Samples;
  #untilNext: number;

  constructor(private readonly options: CountWindowOptions & { readonly every: number }) {
    this.#samples = new Samples(options.count);
    this.#untilNext = options.count;
  }

  add(value: number, time: number, flags: number, _now: number, closed: ClosedWindow[]): boolean {
    this.#samples.append(value, time, flags);
    this.#untilNext -= 1;
    if (this.#untilNext === 0) {
      closed.push(this.#window());
      this.#untilNext = this.options.every;
    }
    return true;
  }

  #window(): ClosedWindow {
    const summary = new Summary(this.options.percentileCapacity);
    this.#samples.summarize(summary, 0, this.#samples.count);
    return { summary, start: summary.firstTime, end: summary.lastTime };
  }

  /** A window by count is not over before it is full. */
  tick(): void {}

  flush(closed: ClosedWindow[]): void {
    // When the newest reading was the last of a window, everything has been shown.
    const isShown = this.#samples.count === this.options.count && this.#untilNext === this.options.every;
    if (this.#samples.count > 0 && !isShown) closed.push(this.#window());
    this.#samples.drop(this.#samples.count);
    this.#untilNext = this.options.count;
  }

  snapshot(): unknown {
    return { samples: this.#samples.snapshot(), untilNext: this.#untilNext };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const untilNext = saved.index("untilNext", Math.max(this.options.count, this.options.every));
    this.#samples.restore(saved.any("samples"));
    this.#untilNext = Math.max(1, untilNext);
  }
}
