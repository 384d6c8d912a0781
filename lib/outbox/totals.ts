import type { Statements } from "./statements";

/** Every reading that was ever accepted: accepted = written + waiting + dropped, across restarts. */
export interface OutboxCounts {
  readonly accepted: number;
  /** Confirmed by the target. */
  readonly written: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** The sum of the three that follow. */
  readonly dropped: number;
  /** Had to make room. */
  readonly droppedOldest: number;
  /** Waited longer than allowed. */
  readonly droppedExpired: number;
  /** Rejected by the target: the dead letters. */
  readonly droppedRejected: number;
  /** When the oldest waiting reading was accepted, ms since the epoch. */
  readonly oldestAt: number | undefined;
}

/** What one queue has counted so far. */
export interface Totals {
  accepted: number;
  written: number;
  waiting: number;
  waitingBytes: number;
  droppedOldest: number;
  droppedExpired: number;
  droppedRejected: number;
  /** The last chunk that the target has, or had to be dropped. */
  confirmed: number;
}

export function readTotals(sql: Statements, queue: number): Totals {
  const row = sql.queueTotals.get(queue) ?? {};
  const confirmed = Number(row.confirmed);
  const waiting = sql.waitingTotals.get(queue, confirmed) ?? {};
  return {
    accepted: Number(row.accepted),
    written: Number(row.written),
    droppedOldest: Number(row.dropped_oldest),
    droppedExpired: Number(row.dropped_expired),
    droppedRejected: Number(row.dropped_rejected),
    confirmed,
    // What waits is counted from the chunks themselves: they are the truth.
    waiting: Number(waiting.readings ?? 0),
    waitingBytes: Number(waiting.bytes ?? 0),
  };
}

export function saveTotals(sql: Statements, queue: number, totals: Totals): void {
  const { accepted, written, droppedOldest, droppedExpired, droppedRejected, confirmed } = totals;
  sql.saveQueue.run(accepted, written, droppedOldest, droppedExpired, droppedRejected, confirmed, queue);
}
