import type { Reading } from "../../reading";
import type { HistoryQuery } from "../contract";
import { StoreError } from "../errors";

const DEFAULT_LIMIT = 10_000;
const MAX_LIMIT = 1_000_000;

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly newestFirst: boolean;
}

/** @throws StoreError "statement" saying what is wrong with the query */
export function checkRange({ from = -Infinity, to = Infinity, limit = DEFAULT_LIMIT, order }: HistoryQuery): Range {
  if (Number.isNaN(from) || Number.isNaN(to)) {
    throw new StoreError("statement", `history query: from and to are milliseconds since 1970, got ${from} and ${to}`);
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new StoreError("statement", `history query: limit is 1 to ${MAX_LIMIT}, got ${limit}`);
  }
  if (order !== undefined && order !== "oldest" && order !== "newest") {
    throw new StoreError("statement", `history query: order is "oldest" or "newest", got "${order}"`);
  }
  return { from, to, limit, newestFirst: order === "newest" };
}

/** Collects readings of one query from where they lie, keeping not many more than the limit. */
export class Collector {
  #found: Found[] = [];

  constructor(private readonly range: Range) {}

  /** Adds those of the readings that lie in the range. Of two at one time the one from the higher `source` counts. */
  add(readings: readonly Reading[], source: number): void {
    const { from, to } = this.range;
    for (const reading of readings) {
      if (reading.timestamp >= from && reading.timestamp < to) this.#found.push({ reading, source });
    }
    if (this.#found.length > 2 * this.range.limit + 1000) this.#reduce();
  }

  /** True when nothing at or after `first` (before `last`, newest first) can still belong to the result. */
  isComplete(first: number, last: number): boolean {
    if (this.#found.length < this.range.limit) return false;
    this.#reduce();
    const edge = this.#found[this.range.limit - 1]?.reading.timestamp;
    if (edge === undefined) return false;
    return this.range.newestFirst ? last < edge : first > edge;
  }

  result(): Reading[] {
    this.#reduce();
    return this.#found.map(({ reading }) => (reading.historical ? reading : { ...reading, historical: true }));
  }

  #reduce(): void {
    const sign = this.range.newestFirst ? -1 : 1;
    // Latest arrival first among equals, so that the first of each is the one to keep.
    const sorted = this.#found
      .map((found, index) => ({ ...found, index }))
      .sort(
        (a, b) =>
          sign * (a.reading.timestamp - b.reading.timestamp) ||
          compareText(a.reading.sensor, b.reading.sensor) ||
          b.source - a.source ||
          b.index - a.index,
      );
    this.#found = sorted.filter((found, index) => !sameSlot(found, sorted[index - 1])).slice(0, this.range.limit);
  }
}

interface Found {
  readonly reading: Reading;
  readonly source: number;
}

function sameSlot({ reading }: Found, before: Found | undefined): boolean {
  return before?.reading.timestamp === reading.timestamp && before.reading.sensor === reading.sensor;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
