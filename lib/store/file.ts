import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { makeFolderNow } from "../files/folders";
import { StoreError, storeError } from "./errors";
import { clearMarker, findDamage, isDamage, markDamaged, needsFullCheck, setAside } from "./recovery";
import { openDatabase } from "./sqlite";

/**
 * "normal" survives a crash of the process; a power cut may take the last moments with it, never the file's
 * consistency. "full" waits for the disk at every transaction and survives the power cut too.
 */
export type SyncMode = "normal" | "full";

/** SQLite waits inside the call, and with it the whole process, so another process is given little time to let go. */
const BUSY_TIMEOUT_MS = 2000;
const COMPONENT_NAME = /^[a-z][a-z0-9-]{0,63}$/;
/** A path for a database that lives in memory and ends with its holder. */
export const IN_MEMORY = ":memory:";

/** One open database file: transactions, and the migrations of the components that share it. */
export class StoreFile {
  readonly db: DatabaseSync;
  readonly #known = new Map<string, number>();
  #depth = 0;
  #afterCommit: (() => void)[] = [];
  #open = true;

  /**
   * Opens the file, making it and its folder when absent. A damaged file is set aside and a new one begun.
   * @param warn told in one sentence when that happened
   * @throws StoreError when the file can neither be used nor replaced
   */
  constructor(
    readonly path: string,
    warn: (warning: string) => void = () => undefined,
    now: () => number = Date.now,
  ) {
    try {
      const db = path === IN_MEMORY ? openDatabase(path) : openOrReplace(path, warn, now);
      closedOnError(db, () => prepareFile(db));
      this.db = db;
    } catch (error) {
      throw storeError(fileSystemError(error, path), path);
    }
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** See StoreService. */
  component(name: string, migrations: readonly string[]): DatabaseSync {
    this.checkOpen();
    const version = this.#versionOf(name);
    if (version > migrations.length) {
      throw new StoreError(
        "newer-version",
        `store ${this.path}: its ${name} tables are of version ${version}, this pack knows ${migrations.length}: ` +
          "install the newer pack again, or choose another store file",
      );
    }
    for (let next = version; next < migrations.length; next += 1) this.#migrate(name, next, migrations[next] ?? "");
    this.#known.set(name, migrations.length);
    return this.db;
  }

  /** See StoreService. */
  transaction<T>(work: () => T): T {
    this.checkOpen();
    const [begin, commit, undo] = this.#depth === 0 ? OUTER : NESTED;
    const expected = this.#afterCommit.length;
    let result: T;
    this.#depth += 1;
    try {
      this.db.exec(begin);
      result = work();
      if (isPromise(result)) throw new StoreError("statement", "the work of a transaction must not be asynchronous");
      this.db.exec(commit);
    } catch (error) {
      this.#undo(undo);
      this.#afterCommit.length = expected;
      throw this.failure(error);
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth === 0) this.#tellCommitted();
    return result;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Has `tell` called once the transaction that is running is on disk, and never when it is undone. It must not throw. */
  onCommit(tell: () => void): void {
    if (this.inTransaction) this.#afterCommit.push(tell);
    else tell();
  }

  /** The error to throw for one that came out of the database; damage is remembered for the next start. */
  failure(error: unknown): Error {
    if (isDamage(error) && this.path !== IN_MEMORY) markDamaged(this.path);
    return storeError(error, this.path);
  }

  /** @throws StoreError "closed" */
  checkOpen(): void {
    if (!this.#open) throw new StoreError("closed", `store ${this.path}: it has been closed`);
  }

  /** "full" wins over "normal" when several holders disagree. */
  setSync(mode: SyncMode): void {
    this.db.exec(`PRAGMA synchronous=${mode === "full" ? "FULL" : "NORMAL"}`);
  }

  /** Writes the log back into the file and closes it. Never throws: what was committed is in the log anyway. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // A full disk keeps the log as it is; the next start reads it.
    }
    this.db.close();
  }

  #tellCommitted(): void {
    const waiting = this.#afterCommit;
    if (waiting.length === 0) return;
    this.#afterCommit = [];
    for (const tell of waiting) tell();
  }

  #versionOf(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (!COMPONENT_NAME.test(name)) throw new StoreError("statement", `"${name}" is not a component's name`);
    try {
      const row = this.db.prepare("SELECT version FROM gatewise_component WHERE name = ?").get(name);
      return Number(row?.version ?? 0);
    } catch (error) {
      throw this.failure(error);
    }
  }

  #migrate(name: string, version: number, script: string): void {
    this.transaction(() => {
      this.db.exec(script);
      this.db
        .prepare(
          "INSERT INTO gatewise_component VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET version = excluded.version",
        )
        .run(name, version + 1);
    });
    this.#known.set(name, version + 1);
  }

  #undo(statements: readonly string[]): void {
    // A migration may have been part of what is undone: the versions are read again.
    this.#known.clear();
    for (const statement of statements) {
      try {
        this.db.exec(statement);
      } catch {
        // SQLite has already rolled back by itself, as it does when the disk is full.
      }
    }
  }
}

const OUTER = ["BEGIN IMMEDIATE", "COMMIT", ["ROLLBACK"]] as const;
const NESTED = ["SAVEPOINT nested", "RELEASE nested", ["ROLLBACK TO nested", "RELEASE nested"]] as const;

function openOrReplace(path: string, warn: (warning: string) => void, now: () => number): DatabaseSync {
  makeFolderNow(dirname(path));
  const full = needsFullCheck(path);
  const db = openDatabase(path);
  const damage = closedOnError(db, () => {
    db.exec(`PRAGMA busy_timeout=${BUSY_TIMEOUT_MS}`);
    return findDamage(db, full);
  });
  if (damage === undefined) {
    if (full) clearMarker(path);
    return db;
  }
  db.close();
  const aside = setAside(path, now());
  warn(`the store ${path} was damaged (${damage}): it is kept as ${aside}, and a new, empty store begins`);
  return openDatabase(path);
}

/** A file that could not be opened for use must not stay locked by the attempt. */
function closedOnError<T>(db: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepareFile(db: DatabaseSync): void {
  // Exclusive: what is kept in memory (registry, history's logs) must not differ from what another process writes.
  // auto_vacuum must come before the first table; it lets eviction give space back to the disk in small steps.
  db.exec(`
    PRAGMA auto_vacuum=INCREMENTAL;
    PRAGMA locking_mode=EXCLUSIVE;
    PRAGMA journal_mode=WAL;
    PRAGMA synchronous=NORMAL;
    PRAGMA journal_size_limit=${64 * 1024 * 1024};
    CREATE TABLE IF NOT EXISTS gatewise_component (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  `);
}

/** Errors of the file system before SQLite sees the file: a folder that cannot be made, a full disk. */
function fileSystemError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const message = error instanceof Error ? error.message : String(error);
  if (code === "ENOSPC") return new StoreError("disk-full", `store ${path}: ${message}`, { cause: error });
  if (code === "EROFS") return new StoreError("read-only", `store ${path}: ${message}`, { cause: error });
  if (code === "EACCES" || code === "EPERM" || code === "ENOTDIR" || code === "EEXIST" || code === "ENOENT") {
    return new StoreError("unavailable", `store ${path}: ${message}`, { cause: error });
  }
  return error;
}

function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
