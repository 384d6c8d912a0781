import { OpenPanes } from "./open-panes";
import { Pane, type TimeWindowOptions } from "./pane";
import type { ClosedWindow } from "./windower";

export interface TumblingOptions extends TimeWindowOptions {
  /** Length of a window, ms. */
  readonly size: number;
}

/**
 * Tumbling windows: back to back, aligned to the Unix epoch, so that windows of all devices and of all restarts coincide;
 * [start, end) with start a multiple of the size.
 */
export class TumblingTime extends OpenPanes<TumblingOptions> {
  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    const { size } = this.options;
    const start = Math.floor(time / size) * size;
    if (start + size <= this.closedUntil) return false;
    this.watermark.observe(time, now);
    this.#paneAt(start).summary.add(value, time, flags);
    this.close(this.watermark.latest, closed);
    return true;
  }

  #paneAt(start: number): Pane {
    const newest = this.panes.at(-1);
    if (newest?.start === start) return newest;
    const known = this.panes.find((pane) => pane.start === start);
    if (known) return known;
    const pane = new Pane(start, start + this.options.size, this.options.percentileCapacity);
    this.panes.push(pane);
    this.panes.sort((a, b) => a.start - b.start);
    return pane;
  }

  protected boundary(watermark: number): number {
    const { size, lateness } = this.options;
    return Math.floor((watermark - lateness) / size) * size;
  }

  protected endOf(pane: Pane): number {
    return pane.end;
  }
}
