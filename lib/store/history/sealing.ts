import type { StatementSync } from "node:sqlite";
import type { Reading } from "../../reading";
import type { StoreFile } from "../file";
import { encodeBlock } from "./block";
import type { Log } from "./log";
import { blockId, NEXT_SPAN } from "./schema";

/** Turns a full log into a span of blocks, some series at a time, so that no single step holds up the flow. */
export class Sealing {
  readonly #series: readonly number[];
  readonly #putBlock: StatementSync;
  readonly #usedIn: StatementSync;
  /** A crash half-way leaves blocks without their span; doing it all again under the same number replaces them. */
  readonly span: number;
  #next = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #readings = 0;
  #done = false;

  constructor(
    private readonly file: StoreFile,
    readonly log: Log,
    private readonly now: () => number,
  ) {
    this.#series = log.seriesIds();
    this.span = nextSpan(file);
    this.#putBlock = file.db.prepare("INSERT OR REPLACE INTO history_block VALUES (?, ?)");
    this.#usedIn = file.db.prepare("UPDATE history_series SET last_span = ? WHERE id = ?");
  }

  get done(): boolean {
    return this.#done;
  }

  /** Seals up to `count` series; a step that fails can be tried again. */
  step(count: number): void {
    const some = this.#series.slice(this.#next, this.#next + count);
    const finishes = this.#next + count >= this.#series.length;
    const blocks = some.map((series) => inTimeOrder(this.log.of(series)));
    this.file.transaction(() => {
      some.forEach((series, index) => {
        this.#putBlock.run(blockId(this.span, series), encodeBlock(blocks[index] as readonly Reading[]));
        this.#usedIn.run(this.span, series);
      });
      this.file.onCommit(() => this.#advance(some.length, blocks));
    });
    if (finishes) this.#finish();
  }

  #advance(series: number, blocks: readonly (readonly Reading[])[]): void {
    this.#next += series;
    for (const readings of blocks) {
      this.#readings += readings.length;
      this.#first = Math.min(this.#first, readings[0]?.timestamp ?? this.#first);
      this.#last = Math.max(this.#last, readings.at(-1)?.timestamp ?? this.#last);
    }
  }

  #finish(): void {
    this.file.transaction(() => {
      this.file.db
        .prepare("INSERT INTO history_span (id, first, last, readings, sealed) VALUES (?, ?, ?, ?, ?)")
        .run(this.span, this.#first, this.#last, this.#readings, this.now());
      this.log.clear();
      this.file.onCommit(() => {
        this.#done = true;
      });
    });
  }
}

export function nextSpan(file: StoreFile): number {
  return Number(file.db.prepare(NEXT_SPAN).get()?.next);
}

/** Sorted by time; of several at one time the last to arrive. Usually they are in order and come back as they are. */
export function inTimeOrder(readings: readonly Reading[]): readonly Reading[] {
  if (isAscending(readings)) return readings;
  const sorted = readings.toSorted((a, b) => a.timestamp - b.timestamp);
  return sorted.filter((reading, index) => sorted[index + 1]?.timestamp !== reading.timestamp);
}

function isAscending(readings: readonly Reading[]): boolean {
  for (let i = 1; i < readings.length; i += 1) {
    if ((readings[i] as Reading).timestamp <= (readings[i - 1] as Reading).timestamp) return false;
  }
  return true;
}
