import { existsSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { resultCode } from "./errors";

/** A larger file is not read in full at each start after a crash: damage in it shows when the page is next used. */
const FULL_CHECK_LIMIT = 256 * 1024 * 1024;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Whether the file should be read in full before use: it was not closed properly, or damage was seen in it. */
export function needsFullCheck(path: string): boolean {
  if (existsSync(markerOf(path))) return true;
  return sizeOf(`${path}-wal`) > 0 && sizeOf(path) <= FULL_CHECK_LIMIT;
}

/** Leaves word beside the file that damage was seen, so that the next start checks it in full. Never throws. */
export function markDamaged(path: string): void {
  try {
    writeFileSync(markerOf(path), "");
  } catch {
    // The marker is only a help: a disk that cannot hold an empty file has already been reported by the operation.
  }
}

/**
 * Reads enough of the database to say whether it can be used: always the schema, on request every page.
 * @returns what is wrong, or undefined when nothing is
 */
export function findDamage(db: DatabaseSync, full: boolean): string | undefined {
  try {
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    if (!full) return undefined;
    const first = db.prepare("PRAGMA quick_check(1)").get() as { quick_check?: unknown } | undefined;
    return first?.quick_check === "ok" ? undefined : String(first?.quick_check);
  } catch (error) {
    if (isDamage(error)) return (error as Error).message;
    throw error;
  }
}

/** True for the errors by which SQLite says that the file is damaged or no database at all. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

/** Moves the closed database and its side files out of the way and returns the new name. */
export function setAside(path: string, now: number): string {
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  const aside = `${path}.corrupt-${stamp}`;
  renameSync(path, aside);
  for (const suffix of ["-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  clearMarker(path);
  return aside;
}

export function clearMarker(path: string): void {
  rmSync(markerOf(path), { force: true });
}

function markerOf(path: string): string {
  return `${path}.check`;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
