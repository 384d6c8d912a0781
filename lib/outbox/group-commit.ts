interface Waiting<E> {
  readonly entry: E;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes what arrives in one turn of the event loop with one transaction, because a commit costs as much as a thousand
 * readings. Order is kept; each append settles when it is on disk or was refused.
 */
export class GroupCommit<E> {
  #waiting: Waiting<E>[] = [];
  #scheduled: NodeJS.Immediate | undefined;

  /**
   * @param write puts entries on disk in one transaction; returns at each place the reason if that one was refused, or
   * throws when none was written
   * @param onCommit called after each transaction
   */
  constructor(
    private readonly write: (entries: readonly E[]) => readonly (Error | undefined)[],
    private readonly onCommit: () => void = () => undefined,
  ) {}

  /** Rejects with the reason for which `write` refused the entry, or the error it threw. */
  append(entry: E): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
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
      const refusals = this.write(waiting.map(({ entry }) => entry));
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
