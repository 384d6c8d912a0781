import { SavedState } from "../numeric/state";
import { MAX_PANES, Pane, restoredPanes, type TimeWindowOptions } from "./pane";
import { type ClosedWindow, Watermark, type Windower } from "./windower";

export interface SessionOptions extends TimeWindowOptions {
  /** A pause of this length or longer ends a session, ms. */
  readonly gap: number;
  /** Longest session, ms, after which the next one begins without a pause; 0 for any. */
  readonly maxDuration: number;
}

/**
 * Session windows: readings with less than `gap` between them belong together (Akidau et al. 2015, The Dataflow Model,
 * VLDB 8:1792). A late reading may extend an open session or join two into one. A session ends with its last reading.
 */
export class Sessions implements Windower {
  #panes: Pane[] = [];
  #closedUntil = Number.NEGATIVE_INFINITY;
  readonly #watermark = new Watermark();

  constructor(private readonly options: SessionOptions) {}

  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    const { gap } = this.options;
    let near = this.#panes.filter((pane) => time > pane.start - gap && time < pane.end + gap);
    if (near.length === 0 && time + gap <= this.#closedUntil) return false;
    this.#watermark.observe(time, now);
    near = this.#withoutFull(near, time, closed);
    this.#joined(near, time).summary.add(value, time, flags);
    this.#close(this.#watermark.latest, closed);
    return true;
  }

  /** Closes sessions that would grow beyond the longest one allowed. */
  #withoutFull(near: readonly Pane[], time: number, closed: ClosedWindow[]): Pane[] {
    const { maxDuration } = this.options;
    return near.filter((pane) => {
      if (maxDuration === 0 || time - pane.start < maxDuration) return true;
      this.#panes.splice(this.#panes.indexOf(pane), 1);
      closed.push(pane);
      return false;
    });
  }

  /** The session that a reading at this time belongs to: a new one, the one nearby, or all nearby joined. */
  #joined(near: readonly Pane[], time: number): Pane {
    const [first, ...others] = near;
    if (!first) {
      const pane = new Pane(time, time, this.options.percentileCapacity);
      this.#panes.push(pane);
      this.#panes.sort((a, b) => a.start - b.start);
      return pane;
    }
    for (const other of others) {
      first.summary.merge(other.summary);
      first.end = Math.max(first.end, other.end);
      this.#panes.splice(this.#panes.indexOf(other), 1);
    }
    first.start = Math.min(first.start, time);
    first.end = Math.max(first.end, time);
    return first;
  }

  #close(watermark: number, closed: ClosedWindow[]): void {
    const until = watermark - this.options.lateness;
    if (until <= this.#closedUntil) return;
    this.#closedUntil = until;
    while (this.#panes[0] && this.#panes[0].end + this.options.gap <= until) closed.push(this.#panes.shift() as Pane);
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
