import { SavedState } from "../numeric/state";
import { MAX_PANES, Pane, restoredPanes, type TimeWindowOptions } from "./pane";
import { type ClosedWindow, Watermark, type Windower } from "./windower";

/**
 * Tumbling windows: back to back, aligned to the Unix epoch, so that windows of all devices and of all restarts coincide;
 * [start, end) with start a multiple of the size.
 */
export class TumblingTime implements Windower {
  #panes: Pane[] = [];
  #closedUntil = Number.NEGATIVE_INFINITY;
  readonly #watermark = new Watermark();

  /** @param options `size` in ms */
  constructor(private readonly options: TimeWindowOptions & { readonly size: number }) {}

  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    const { size } = this.options;
    const start = Math.floor(time / size) * size;
    if (start + size <= this.#closedUntil) return false;
    this.#watermark.observe(time, now);
    this.#paneAt(start).summary.add(value, time, flags);
    this.#close(this.#watermark.latest, closed);
    return true;
  }

  #paneAt(start: number): Pane {
    const newest = this.#panes.at(-1);
    if (newest?.start === start) return newest;
    const known = this.#panes.find((pane) => pane.start === start);
    if (known) return known;
    const pane = new Pane(start, start + this.options.size, this.options.percentileCapacity);
    this.#panes.push(pane);
    this.#panes.sort((a, b) => a.start - b.start);
    return pane;
  }

  #close(watermark: number, closed: ClosedWindow[]): void {
    const { size, lateness } = this.options;
    const until = Math.floor((watermark - lateness) / size) * size;
    if (until <= this.#closedUntil) return;
    this.#closedUntil = until;
    while (this.#panes[0] && this.#panes[0].end <= until) closed.push(this.#panes.shift() as Pane);
  }

  tick(now: number, closed: ClosedWindow[]): void {
    if (this.#panes.length > 0) this.#close(this.#watermark.at(now) - this.options.idle, closed);
  }

  flush(closed: ClosedWindow[]): void {
    closed.push(...this.#panes);
    this.#panes = [];
  }

  snapshot(): unknown {
    return {
      panes: this.#panes.map((pane) => pane.snapshot()),
      closedUntil: Number.isFinite(this.#closedUntil) ? this.#closedUntil : undefined,
      watermark: this.#watermark.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const panes = restoredPanes(saved.list("panes", MAX_PANES), this.options.percentileCapacity);
    this.#watermark.restore(saved.any("watermark"));
    this.#closedUntil = saved.optionalNumber("closedUntil") ?? Number.NEGATIVE_INFINITY;
    this.#panes = panes;
  }
}
