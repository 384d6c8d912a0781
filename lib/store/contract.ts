import type { DatabaseSync } from "node:sqlite";
import type { Reading } from "../reading";

/**
 * What the embedded store gives to everything that persists. Each component owns its tables: it declares its
 * migrations, an ordered list of SQL scripts that is only ever appended to, and gets the database with them applied.
 */
export interface StoreService {
  /**
   * Applies the component's outstanding migrations, each in a transaction, and returns the shared database.
   * Statements run on it throw Node's own SQLite errors outside `transaction`; `storeError` turns them into a StoreError.
   * @throws StoreError when the file was written by a newer version of the component
   */
  component(name: string, migrations: readonly string[]): DatabaseSync;

  /**
   * Runs `work`, which must be synchronous, in one transaction: all of it is on disk, or none. Nested calls join the
   * outer transaction; one that throws undoes only its own changes, so the outer may catch and go on.
   * @throws StoreError when the disk is full, the file cannot be written, or the database is damaged or busy
   */
  transaction<T>(work: () => T): T;

  /**
   * The states of one keeper (a node's id), one row a series. `fingerprint` names the configuration that made them:
   * states of another fingerprint are not returned, because a window of 100 cannot continue as a window of 50.
   * @param former other names of the same configuration, under which states may have been saved before
   */
  seriesStates(keeper: string, fingerprint: string, former?: readonly string[]): SeriesStates;

  /** The recent past of every series, bounded in age and size. */
  readonly history: HistoryService;
}

export interface SeriesStates {
  /** How many series had states of another fingerprint, which were given up when these were opened. */
  readonly dropped?: number;
  /** The saved state of a series as it was given to `save`, or undefined. */
  load(series: string): unknown;
  /**
   * Saves JSON-compatible states in one transaction; undefined deletes the series.
   * @returns how many characters the states take
   */
  save(entries: Iterable<readonly [series: string, state: unknown]>): number;
  /** The series that have a saved state. */
  names(): readonly string[];
  clear(): void;
  /** The keeper has gone, or will open them anew: those of keepers that stay away are forgotten after 30 days of operation. */
  close?(): void;
}

export interface HistoryService {
  /**
   * Writes the readings in one transaction; when it returns they are on disk, when it throws none is. A reading with
   * the same device, sensor and timestamp as one already there replaces it, so that a batch may safely be repeated.
   * @throws StoreError
   */
  append(readings: readonly Reading[]): void;

  /**
   * Readings of one series, or of every sensor of a device, ordered by time, each marked `historical`.
   * @throws StoreError
   */
  query(query: HistoryQuery): Reading[];

  /** The series that have readings, by device and sensor. */
  series(deviceId?: string): HistorySeries[];
}

export interface HistoryQuery {
  readonly deviceId: string;
  /** Every sensor of the device when left out. */
  readonly sensor?: string;
  /** First millisecond since the epoch that is included; the beginning when left out. */
  readonly from?: number;
  /** First millisecond that is no longer included; the end when left out. */
  readonly to?: number;
  /** Most readings returned, counted from the first; 10 000 by default. */
  readonly limit?: number;
  /** Which come first, and so which remain when there are more than the limit; "oldest" by default. */
  readonly order?: "oldest" | "newest";
}

export interface HistorySeries {
  readonly deviceId: string;
  readonly sensor: string;
}
