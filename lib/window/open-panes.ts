import { SavedState } from "../numeric/state";
import { MAX_PANES, type Pane, restoredPanes, type TimeWindowOptions } from "./pane";
import { type ClosedWindow, Watermark, type Windower } from "./windower";

/** What windows by event time share: the panes that are open, in their order, and how far time has closed them. */
export abstract class OpenPanes<O extends TimeWindowOptions> implements Windower {
  protected panes: Pane[] = [];
  protected closedUntil = Number.NEGATIVE_INFINITY;
  protected readonly watermark = new Watermark();

  constructor(protected readonly options: O) {}

  abstract add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean;

  /** The time until which panes are closed once the newest reading is of `watermark`. */
  protected abstract boundary(watermark: number): number;

  /** The time from which on a pane takes no more readings. */
  protected abstract endOf(pane: Pane): number;

  protected close(watermark: number, closed: ClosedWindow[]): void {
    const until = this.boundary(watermark);
    if (until <= this.closedUntil) return;
    this.closedUntil = until;
    while (this.panes[0] && this.endOf(this.panes[0]) <= until) closed.push(this.panes.shift() as Pane);
  }

  tick(now: number, closed: ClosedWindow[]): void {
    if (this.panes.length > 0) this.close(this.watermark.at(now) - this.options.idle, closed);
  }

  flush(closed: ClosedWindow[]): void {
    closed.push(...this.panes);
    this.panes = [];
  }

  snapshot(): unknown {
    return {
      panes: this.panes.map((pane) => pane.snapshot()),
      closedUntil: Number.isFinite(this.closedUntil) ? this.closedUntil : undefined,
      watermark: this.watermark.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const panes = restoredPanes(saved.list("panes", MAX_PANES), this.options.percentileCapacity);
    this.watermark.restore(saved.any("watermark"));
    this.closedUntil = saved.optionalNumber("closedUntil") ?? Number.NEGATIVE_INFINITY;
    this.panes = panes;
  }
}
