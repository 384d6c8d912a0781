import { SavedState, type Snapshotable } from "../numeric/state";
import { Summary } from "./summary";

export interface TimeWindowOptions {
  /** How long after its end a window waits for late readings, ms of event time. */
  readonly lateness: number;
  /** How much longer it waits when only the wall clock says that it is over, ms. */
  readonly idle: number;
  /** Values kept a window for percentiles; 0 for none. */
  readonly percentileCapacity: number;
}

/** An open window, from `start` up to but without `end`. */
export class Pane implements Snapshotable {
  readonly summary: Summary;

  constructor(
    public start: number,
    public end: number,
    percentileCapacity: number,
  ) {
    this.summary = new Summary(percentileCapacity);
  }

  snapshot(): unknown {
    return { start: this.start, end: this.end, summary: this.summary.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.summary.restore(saved.any("summary"));
    this.start = saved.number("start");
    this.end = saved.number("end");
  }
}

/** Most open windows of a series; the factory keeps the lateness below it. */
export const MAX_PANES = 10_000;

export function restoredPanes(list: readonly unknown[], percentileCapacity: number): Pane[] {
  return list.map((state) => {
    const pane = new Pane(0, 0, percentileCapacity);
    pane.restore(state);
    return pane;
  });
}
