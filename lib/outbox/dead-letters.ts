import type { Rejected } from "./deliver";
import type { Statements } from "./statements";

/** A reading that the target has rejected for good, as the line that was to be written. */
export interface DeadLetter {
  readonly id: number;
  /** When it was set aside, ms since the epoch. */
  readonly at: number;
  /** What the target said. */
  readonly reason: string;
  readonly line: string;
}

/** Kept per outbox; the oldest beyond this are forgotten, but stay counted as dropped. */
const MAX_LETTERS = 10_000;

/** The rejected readings of one outbox, kept to be looked at, sent again or thrown away. */
export class DeadLetters {
  constructor(
    private readonly sql: Statements,
    private readonly queue: number,
  ) {}

  add(rejected: readonly Rejected[], at: number): void {
    for (const { line, reason } of rejected) this.sql.insertLetter.run(this.queue, at, reason, line);
    if (rejected.length > 0) this.sql.trimLetters.run(this.queue, this.queue, MAX_LETTERS);
  }

  /** The oldest first. */
  list(limit = 100): DeadLetter[] {
    return this.sql.letters.all(this.queue, limit).map((row) => ({
      id: Number(row.id),
      at: Number(row.at),
      reason: String(row.reason),
      line: String(row.line),
    }));
  }

  /** Their lines; none is left. */
  takeAll(): string[] {
    const lines = this.list(MAX_LETTERS).map(({ line }) => line);
    this.clear();
    return lines;
  }

  clear(): number {
    return Number(this.sql.clearLetters.run(this.queue).changes);
  }
}
