import type { StoreService } from "../store/contract";
import { type DeadLetter, DeadLetters } from "./dead-letters";
import type { Rejected } from "./deliver";
import { OUTBOX_MIGRATIONS, prepareStatements, type Statements } from "./statements";
import { type OutboxCounts, readTotals, saveTotals, type Totals } from "./totals";

export interface OutboxLimits {
  /** Most readings that may wait. */
  readonly maxReadings: number;
  /** Most bytes of waiting lines. */
  readonly maxBytes: number;
  /** Milliseconds after which a waiting reading is dropped; never when left out. */
  readonly maxAgeMs?: number;
  /** What gives way when the bound is reached. */
  readonly whenFull: "drop-oldest" | "refuse-newest";
}

/** Lines to keep: one line protocol line a reading, each ended by a line feed. */
export interface Entry {
  readonly lines: string;
  readonly count: number;
}

/** Waiting lines in their order, to be sent together. */
export interface Group extends Entry {
  readonly chunks: readonly { readonly id: number; readonly readings: number; readonly bytes: number }[];
  readonly lastId: number;
}

/** The outbox has reached its bound and refuses what is new. */
export class OutboxFullError extends Error {
  override readonly name = "OutboxFullError";
}

/** Confirmed readings that stay on disk, so that the encoder can recall the timestamps they took. */
const KEPT_READINGS = 10_000;

/** A confirmed chunk that is still on disk. */
interface Kept {
  readonly id: number;
  readonly readings: number;
}

/**
 * A queue on disk between the flow and a target: what was appended is there after a crash, is read in its order and
 * leaves only when it was confirmed, dropped by policy and counted, or set aside as a dead letter and counted.
 */
export class Outbox {
  readonly #sql: Statements;
  readonly #queue: number;
  readonly #letters: DeadLetters;
  #totals: Totals;
  /** Confirmed chunks that are still on disk, oldest first. */
  #kept: Kept[];
  #inFlight = 0;

  /**
   * @param name which queue of the store, such as a node's id
   * @param now the wall clock, ms since the epoch
   * @throws StoreError
   */
  constructor(
    private readonly store: StoreService,
    name: string,
    private readonly limits: OutboxLimits,
    private readonly now: () => number = Date.now,
  ) {
    this.#sql = prepareStatements(store.component("outbox", OUTBOX_MIGRATIONS));
    store.transaction(() => this.#sql.createQueue.run(name));
    this.#queue = Number(this.#sql.queueId.get(name)?.id);
    this.#letters = new DeadLetters(this.#sql, this.#queue);
    this.#totals = readTotals(this.#sql, this.#queue);
    this.#kept = this.#sql.keptChunks
      .all(this.#queue, this.#totals.confirmed)
      .map((row) => ({ id: Number(row.id), readings: Number(row.readings) }));
  }

  /**
   * Puts the entries on disk in one transaction, making room by the policy. When it returns, each entry is on disk or
   * has an error at its place in the result.
   * @throws StoreError when none could be written
   */
  append(entries: readonly Entry[]): readonly (OutboxFullError | undefined)[] {
    return this.#change((totals) => {
      this.#expire(totals);
      return entries.map((entry) => this.#append(entry, totals));
    });
  }

  #append({ lines, count }: Entry, totals: Totals): OutboxFullError | undefined {
    const blob = Buffer.from(lines);
    if (!this.#makeRoom(count, blob.length, totals)) {
      const { maxReadings, maxBytes } = this.limits;
      return new OutboxFullError(
        `the outbox is full: ${totals.waiting} readings (${totals.waitingBytes} bytes) wait, ` +
          `its bounds are ${maxReadings} readings and ${maxBytes} bytes`,
      );
    }
    this.#insert(blob, count, totals);
    totals.accepted += count;
    return undefined;
  }

  #insert(lines: Buffer, count: number, totals: Totals): void {
    this.#sql.insertChunk.run(this.#queue, this.now(), count, lines.length, lines);
    totals.waiting += count;
    totals.waitingBytes += lines.length;
  }

  #fits(readings: number, bytes: number, totals: Totals): boolean {
    return totals.waiting + readings <= this.limits.maxReadings && totals.waitingBytes + bytes <= this.limits.maxBytes;
  }

  #makeRoom(readings: number, bytes: number, totals: Totals): boolean {
    if (this.#fits(readings, bytes, totals)) return true;
    // What could never fit must not empty the outbox in trying.
    if (this.limits.whenFull === "refuse-newest") return false;
    if (readings > this.limits.maxReadings || bytes > this.limits.maxBytes) return false;
    while (!this.#fits(readings, bytes, totals)) {
      const dropped = this.#dropFirst(Number.POSITIVE_INFINITY, totals);
      if (dropped === 0) return false;
      totals.droppedOldest += dropped;
    }
    return true;
  }

  /** Drops the oldest chunk that is not being sent, if it came before `before`; returns its readings. */
  #dropFirst(before: number, totals: Totals): number {
    const chunk = this.#sql.firstChunk.get(this.#queue, Math.max(totals.confirmed, this.#inFlight));
    if (!chunk || Number(chunk.at) >= before) return 0;
    this.#sql.deleteChunk.run(chunk.id as number);
    totals.waiting -= Number(chunk.readings);
    totals.waitingBytes -= Number(chunk.bytes);
    return Number(chunk.readings);
  }

  #expire(totals: Totals): void {
    if (this.limits.maxAgeMs === undefined) return;
    const before = this.now() - this.limits.maxAgeMs;
    for (let dropped = this.#dropFirst(before, totals); dropped > 0; dropped = this.#dropFirst(before, totals)) {
      totals.droppedExpired += dropped;
    }
  }

  /** Drops what has waited too long. Called from time to time, because a silent flow appends nothing. */
  expire(): void {
    if (this.limits.maxAgeMs !== undefined) this.#change((totals) => this.#expire(totals));
  }

  /**
   * The oldest waiting lines, at least one chunk and at most about this much, or undefined when nothing waits. They are
   * safe from the policy until they are confirmed or released.
   */
  take(maxReadings: number, maxBytes: number): Group | undefined {
    const chunks = [];
    let lines = "";
    let count = 0;
    let size = 0;
    for (const row of this.#sql.waitingChunks.iterate(this.#queue, this.#totals.confirmed)) {
      const readings = Number(row.readings);
      const bytes = Number(row.bytes);
      if (chunks.length > 0 && (count + readings > maxReadings || size + bytes > maxBytes)) break;
      chunks.push({ id: Number(row.id), readings, bytes });
      lines += Buffer.from(row.lines as Uint8Array).toString();
      count += readings;
      size += bytes;
    }
    const last = chunks.at(-1);
    if (!last) return undefined;
    this.#inFlight = last.id;
    return { chunks, lines, count, lastId: last.id };
  }

  /** The group that was taken will not be confirmed now: the policy may touch it again. */
  release(): void {
    this.#inFlight = 0;
  }

  /**
   * The target has the group, but for the rejected lines, which become dead letters. One transaction: after a crash the
   * group has been confirmed with all its counts, or waits to be sent again.
   * @throws StoreError
   */
  confirm(group: Group, rejected: readonly Rejected[] = []): void {
    const kept = [...this.#kept, ...group.chunks];
    const forgotten = excess(kept);
    const lastForgotten = kept[forgotten - 1];
    this.#change((totals) => {
      this.#letters.add(rejected, this.now());
      totals.confirmed = group.lastId;
      totals.waiting -= group.count;
      totals.waitingBytes -= group.chunks.reduce((sum, { bytes }) => sum + bytes, 0);
      totals.written += group.count - rejected.length;
      totals.droppedRejected += rejected.length;
      if (lastForgotten) this.#sql.deleteConfirmed.run(this.#queue, lastForgotten.id);
    });
    this.#kept = kept.slice(forgotten);
    this.#inFlight = 0;
  }

  /** The most recent lines, waiting or confirmed, oldest first: at least `readings` of them when there are as many. */
  *recent(readings = 2 * KEPT_READINGS): Generator<string> {
    const ids: number[] = [];
    let count = 0;
    for (const row of this.#sql.newestChunks.iterate(this.#queue)) {
      ids.push(Number(row.id));
      count += Number(row.readings);
      if (count >= readings) break;
    }
    for (const id of ids.reverse()) {
      const row = this.#sql.chunkLines.get(id);
      if (row) yield Buffer.from(row.lines as Uint8Array).toString();
    }
  }

  /** The chunk that was appended last, 0 when there is none. */
  get lastId(): number {
    return Number(this.#sql.newestChunks.get(this.#queue)?.id ?? 0);
  }

  /** Readings that wait. */
  get waiting(): number {
    return this.#totals.waiting;
  }

  counts(): OutboxCounts {
    const { confirmed, ...totals } = this.#totals;
    const dropped = totals.droppedOldest + totals.droppedExpired + totals.droppedRejected;
    const oldest = totals.waiting > 0 ? this.#sql.firstChunk.get(this.#queue, confirmed) : undefined;
    return { ...totals, dropped, oldestAt: oldest && Number(oldest.at) };
  }

  /** Dead letters, the oldest first. */
  letters(limit?: number): DeadLetter[] {
    return this.#letters.list(limit);
  }

  /** Puts the kept dead letters back at the end of the queue; returns how many. */
  retryLetters(): number {
    return this.#change((totals) => {
      const lines = this.#letters.takeAll();
      if (lines.length > 0) this.#insert(Buffer.from(`${lines.join("\n")}\n`), lines.length, totals);
      totals.droppedRejected -= lines.length;
      return lines.length;
    });
  }

  /** Forgets the kept dead letters, which stay counted as dropped; returns how many. */
  clearLetters(): number {
    return this.store.transaction(() => this.#letters.clear());
  }

  /** Works on a copy of the totals, which becomes true together with the tables. */
  #change<T>(work: (totals: Totals) => T): T {
    const totals = { ...this.#totals };
    const result = this.store.transaction(() => {
      const value = work(totals);
      saveTotals(this.#sql, this.#queue, totals);
      return value;
    });
    this.#totals = totals;
    return result;
  }
}

/** How many of the oldest chunks can go while the others still hold KEPT_READINGS. */
function excess(kept: readonly Kept[]): number {
  let readings = kept.reduce((sum, chunk) => sum + chunk.readings, 0);
  let count = 0;
  for (const chunk of kept) {
    readings -= chunk.readings;
    if (readings < KEPT_READINGS) break;
    count += 1;
  }
  return count;
}
