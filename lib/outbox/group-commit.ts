import type { Entry, Outbox } from "./outbox";

interface Waiting extends Entry {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends what arrives in one turn of the event loop with one transaction, because a commit costs as much as a thousand
 * readings. Order is kept; each append settles when it is on disk or was refused.
 */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  /** @param onCommit called after each transaction that wrote something */
  constructor(
    private readonly outbox: Outbox,
    private readonly onCommit: () => void,
  ) {}

  /**
   * @throws OutboxFullError when the policy refuses it
   * @throws StoreError when it could not be written
   */
  append(entry: Entry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...entry, resolve, reject });
      this.#scheduled ??= setImmediate(() => this.commit());
    });
  }

  /** Writes what waits, at once. Never throws: each append is told its own outcome. */
  commit(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      const refusals = this.outbox.append(waiting);
      waiting.forEach(({ resolve, reject }, index) => {
        const refusal = refusals[index];
        if (refusal) reject(refusal);
        else resolve();
      });
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    this.onCommit();
  }
}
