import { OpenPanes } from "./open-panes";
import { Pane, type TimeWindowOptions } from "./pane";
import type { ClosedWindow } from "./windower";

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
export class Sessions extends OpenPanes<SessionOptions> {
  add(value: number, time: number, flags: number, now: number, closed: ClosedWindow[]): boolean {
    const { gap } = this.options;
    let near = this.panes.filter((pane) => time > pane.start - gap && time < pane.end + gap);
    if (near.length === 0 && time + gap <= this.closedUntil) return false;
    this.watermark.observe(time, now);
    near = this.#withoutFull(near, time, closed);
    this.#joined(near, time).summary.add(value, time, flags);
    this.close(this.watermark.latest, closed);
    return true;
  }

  /** Closes sessions that would grow beyond the longest one allowed. */
  #withoutFull(near: readonly Pane[], time: number, closed: ClosedWindow[]): Pane[] {
    const { maxDuration } = this.options;
    return near.filter((pane) => {
      if (maxDuration === 0 || time - pane.start < maxDuration) return true;
      this.panes.splice(this.panes.indexOf(pane), 1);
      closed.push(pane);
      return false;
    });
  }

  /** The session that a reading at this time belongs to: a new one, the one nearby, or all nearby joined. */
  #joined(near: readonly Pane[], time: number): Pane {
    const [first, ...others] = near;
    if (!first) {
      const pane = new Pane(time, time, this.options.percentileCapacity);
      this.panes.push(pane);
      this.panes.sort((a, b) => a.start - b.start);
      return pane;
    }
    for (const other of others) {
      first.summary.merge(other.summary);
      first.end = Math.max(first.end, other.end);
      this.panes.splice(this.panes.indexOf(other), 1);
    }
    first.start = Math.min(first.start, time);
    first.end = Math.max(first.end, time);
    return first;
  }

  protected boundary(watermark: number): number {
    return watermark - this.options.lateness;
  }

  protected endOf(pane: Pane): number {
    return pane.end + this.options.gap;
  }
}
