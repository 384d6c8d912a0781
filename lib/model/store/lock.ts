import type { DatabaseSync } from "node:sqlite";
import { resultCode } from "../../store/errors";
import { openDatabase } from "../../store/sqlite";
import { ModelError } from "../contract";

const WAIT_MS = 10_000;
const RETRY_MS = 20;
/** SQLITE_BUSY, https://www.sqlite.org/rescode.html */
const BUSY = 5;

/**
 * Work that must not run twice at a time, in this process or another: the command line may import a model while the gateway
 * runs. The lock is the one that SQLite has on a database, an empty one: it is the system's, so it ends with its process however
 * that ends. None is ever left behind, and none is taken from a process that only stands still. The file stays; it holds nothing.
 */
export class FolderLock {
  #last: Promise<unknown> = Promise.resolve();

  /** @param path of the lock file, in a folder that exists */
  constructor(private readonly path: string) {}

  /** @throws ModelError when the lock cannot be had, and what the work throws */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => this.#locked(work));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const database = this.#open();
    try {
      await this.#take(database);
      return await work();
    } finally {
      database.close();
    }
  }

  async #take(database: DatabaseSync): Promise<void> {
    const end = performance.now() + WAIT_MS;
    while (!this.#tryToTake(database)) {
      if (performance.now() > end) {
        throw new ModelError(`${this.path}: another process has held it for ${WAIT_MS / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  #open(): DatabaseSync {
    try {
      return openDatabase(this.path);
    } catch (error) {
      throw this.#cannotBeLocked(error);
    }
  }

  #tryToTake(database: DatabaseSync): boolean {
    try {
      // Without a journal on the disk nothing is ever written, also when the disk is full.
      database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
      return true;
    } catch (error) {
      if (resultCode(error) === BUSY) return false;
      throw this.#cannotBeLocked(error);
    }
  }

  #cannotBeLocked(cause: unknown): ModelError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new ModelError(`${this.path} cannot be locked: ${reason}; check its owner, or remove it: it holds nothing`, {
      cause,
    });
  }
}
