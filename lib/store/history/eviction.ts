import type { StoreFile } from "../file";
import { blockId } from "./schema";

/** Blocks deleted in one step: a few milliseconds. */
const STEP_BLOCKS = 1000;
/** Pages given back to the disk in one step. */
const STEP_PAGES = 256;
/** Free pages kept for what comes next, since giving them back and taking them again wears the disk. */
const KEPT_FREE_PAGES = 2048;

/** What one step of upkeep did. */
export interface Upkeep {
  /** Readings that had to go. */
  readonly evicted: number;
  /** True when more has to be done: call again soon. */
  readonly more: boolean;
  /** Bytes in use above the bound when no history is left to evict, else 0. */
  readonly overBy: number;
}

interface Eviction extends Upkeep {
  /** The oldest span that is left, when one went. */
  readonly oldestSpan?: number;
}

interface Span {
  readonly id: number;
  readonly sealed: number;
  readonly readings: number;
}

/** Deletes a part of the oldest span when it was sealed before `before`, or when the file holds more than `maxBytes`. */
export function evictSpans(file: StoreFile, before: number | undefined, maxBytes: number | undefined): Eviction {
  const overBy = maxBytes === undefined ? 0 : Math.max(0, usedBytes(file) - maxBytes);
  const span = oldestSpan(file);
  if (span === undefined) return { evicted: 0, more: false, overBy };
  const tooOld = before !== undefined && span.sealed < before;
  if (!tooOld && overBy === 0) return { evicted: 0, more: false, overBy: 0 };
  const gone = file.transaction(() => deletePart(file, span.id));
  if (!gone) return { evicted: 0, more: true, overBy: 0 };
  return { evicted: span.readings, more: true, overBy: 0, oldestSpan: oldestSpan(file)?.id ?? span.id + 1 };
}

/** Gives some of the free pages back to the disk when there are many; returns whether there are still many. */
export function freeSpace(file: StoreFile): boolean {
  const free = pragma(file, "freelist_count");
  const spare = free - Math.max(KEPT_FREE_PAGES, pragma(file, "page_count") / 10);
  if (spare <= STEP_PAGES) return false;
  file.db.exec(`PRAGMA incremental_vacuum(${STEP_PAGES})`);
  return spare > 2 * STEP_PAGES;
}

export function usedBytes(file: StoreFile): number {
  return (pragma(file, "page_count") - pragma(file, "freelist_count")) * pragma(file, "page_size");
}

export function fileBytes(file: StoreFile): number {
  return pragma(file, "page_count") * pragma(file, "page_size");
}

/** Returns true when nothing of the span is left. */
function deletePart(file: StoreFile, span: number): boolean {
  const end = blockId(span + 1, 0);
  const next = file.db
    .prepare("SELECT id FROM history_block WHERE id >= ? AND id < ? LIMIT 1 OFFSET ?")
    .get(blockId(span, 0), end, STEP_BLOCKS);
  file.db.prepare("DELETE FROM history_block WHERE id < ?").run(Number(next?.id ?? end));
  if (next !== undefined) return false;
  file.db.prepare("DELETE FROM history_span WHERE id = ?").run(span);
  return true;
}

function oldestSpan(file: StoreFile): Span | undefined {
  const row = file.db.prepare("SELECT id, sealed, readings FROM history_span ORDER BY id LIMIT 1").get();
  return row && { id: Number(row.id), sealed: Number(row.sealed), readings: Number(row.readings) };
}

function pragma(file: StoreFile, name: "page_count" | "freelist_count" | "page_size"): number {
  return Number(Object.values(file.db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
