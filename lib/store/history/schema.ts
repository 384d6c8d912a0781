/*
 * Readings are first written to a log in the order of their arrival, which costs the disk little: a reading of each of a
 * thousand series at a time would otherwise touch a thousand pages of an index. When a log is full its readings are
 * sealed: sorted by series and packed into one block per series. All blocks of one log are a span. A new span lies behind
 * the old ones in the file, so both sealing and evicting the oldest are sequential. There are two logs, so that one
 * can be sealed in small steps while the other takes what arrives.
 */
export const COMPONENT = "history";

export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE history_series (
     id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, sensor TEXT NOT NULL, last_span INTEGER NOT NULL,
     UNIQUE (device_id, sensor));
   CREATE TABLE history_log_a (
     id INTEGER PRIMARY KEY, series INTEGER NOT NULL, timestamp INTEGER NOT NULL, value, unit TEXT NOT NULL,
     flags INTEGER NOT NULL, extra TEXT);
   CREATE TABLE history_log_b (
     id INTEGER PRIMARY KEY, series INTEGER NOT NULL, timestamp INTEGER NOT NULL, value, unit TEXT NOT NULL,
     flags INTEGER NOT NULL, extra TEXT);
   CREATE TABLE history_span (
     id INTEGER PRIMARY KEY AUTOINCREMENT, first NOT NULL, last NOT NULL, readings INTEGER NOT NULL);
   CREATE TABLE history_block (id INTEGER PRIMARY KEY, data BLOB NOT NULL);`,
  // Age counts from the arrival: a device whose clock is years ahead must not keep everything beside it for years.
  `ALTER TABLE history_span ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
   UPDATE history_span SET sealed = last;`,
];

/** A block's key is its span and its series; both fit the 53 bits of an exact double for as long as a gateway may live. */
const SERIES_PER_SPAN = 2 ** 26;

export function blockId(span: number, series: number): number {
  return span * SERIES_PER_SPAN + series;
}

/** Spans before this one are complete or gone; the readings now in the logs will become it and the next. */
export const NEXT_SPAN = "SELECT coalesce(max(seq), 0) + 1 AS next FROM sqlite_sequence WHERE name = 'history_span'";
