import type { DatabaseSync } from "node:sqlite";

/**
 * What the embedded store gives to everything that persists. Each component owns its tables: it declares its
 * migrations, an ordered list of SQL scripts that is only ever appended to, and gets the database with them applied.
 */
export interface StoreService {
  /**
   * Applies the component's outstanding migrations, each in a transaction, and returns the shared database.
   * @throws StoreError when the file was written by a newer version of the component
   */
  component(name: string, migrations: readonly string[]): DatabaseSync;

  /** Runs `work` in one transaction: all of it is on disk, or none. Nested calls join the outer transaction. */
  transaction<T>(work: () => T): T;

  /**
   * The states of one keeper (a node's id), one row a series. `fingerprint` names the configuration that made them:
   * states of another fingerprint are not returned, because a window of 100 cannot continue as a window of 50.
   */
  seriesStates(keeper: string, fingerprint: string): SeriesStates;
}

export interface SeriesStates {
  /** The saved state of a series as it was given to `save`, or undefined. */
  load(series: string): unknown;
  /** Saves JSON-compatible states in one transaction; undefined deletes the series. */
  save(entries: Iterable<readonly [series: string, state: unknown]>): void;
  clear(): void;
}
