import type { OutboxCounts, Rejected, SenderState } from "../../../lib/outbox";
import type { Context } from "./node-context";

/** Fewest milliseconds between two errors about readings that had to be dropped. */
const DROP_REPORT_MS = 60_000;

/** Tells people how the outbox does: in the status, and once for each thing that goes wrong in the log. */
export class OutboxReport {
  #troubled = false;
  #dropped: number | undefined;
  #dropReportedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly context: Context,
    private readonly target: string,
  ) {}

  /** Called at each change and each failed attempt: an outage of a day is one error in the log, not a thousand. */
  changed(state: SenderState): void {
    const { context, target } = this;
    if (state.kind === "ok") {
      if (this.#troubled) context.log(`${target}: writes are confirmed again`);
      this.#troubled = false;
      return;
    }
    if (this.#troubled) return;
    this.#troubled = true;
    const advice =
      state.kind === "denied" ? "everything is kept; trying once a minute" : "everything is kept; trying again";
    context.fail(`${target}: ${state.problem}: ${advice}`);
  }

  rejected(rejected: readonly Rejected[], of: number): void {
    this.context.metrics.count("rejected", rejected.length);
    this.context.fail(
      `${this.target} rejected ${rejected.length} of ${of} readings, which are dead letters now: ${rejected[0]?.reason}`,
    );
  }

  show(counts: OutboxCounts, state: SenderState, lastWrittenAt: number | undefined): void {
    this.#reportDrops(counts);
    const waiting = `${counts.waiting.toLocaleString("en")} waiting`;
    const { status } = this.context;
    if (state.kind === "denied") status.error(`${state.problem} (${waiting})`);
    else if (state.kind === "retrying") status.warn(`${waiting}: ${state.problem}`);
    else if (lastWrittenAt === undefined) status.idle(`${waiting}, nothing written yet`);
    else status.ok(`${waiting}, last write ${ageOf(Date.now() - lastWrittenAt)}`);
  }

  #reportDrops({ droppedOldest, droppedExpired }: OutboxCounts): void {
    const total = droppedOldest + droppedExpired;
    this.#dropped ??= total;
    const fresh = total - this.#dropped;
    const now = Date.now();
    if (fresh === 0 || now - this.#dropReportedAt < DROP_REPORT_MS) return;
    this.#dropped = total;
    this.#dropReportedAt = now;
    this.context.metrics.count("dropped", fresh);
    this.context.fail(`the outbox had to drop ${fresh} readings that waited for ${this.target}`);
  }
}

/** Coarse, so that the status changes only now and then. */
function ageOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${Math.floor(seconds / 10) * 10} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}
