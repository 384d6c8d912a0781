import type { DatabaseSync, StatementSync } from "node:sqlite";

/**
 * One row a batch, its lines in one blob: 100 000 readings a second would be too many rows. The blob is the last column,
 * so that sums over the others do not read it. Chunks up to `confirmed` stay for a while; see Outbox.
 */
export const OUTBOX_MIGRATIONS: readonly string[] = [
  `CREATE TABLE outbox_queue (
     id INTEGER PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     accepted INTEGER NOT NULL DEFAULT 0,
     written INTEGER NOT NULL DEFAULT 0,
     dropped_oldest INTEGER NOT NULL DEFAULT 0,
     dropped_expired INTEGER NOT NULL DEFAULT 0,
     dropped_rejected INTEGER NOT NULL DEFAULT 0,
     confirmed INTEGER NOT NULL DEFAULT 0);
   CREATE TABLE outbox_chunk (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     queue INTEGER NOT NULL REFERENCES outbox_queue (id),
     at INTEGER NOT NULL,
     readings INTEGER NOT NULL,
     bytes INTEGER NOT NULL,
     lines BLOB NOT NULL);
   CREATE INDEX outbox_chunk_queue ON outbox_chunk (queue, id);
   CREATE TABLE outbox_letter (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     queue INTEGER NOT NULL REFERENCES outbox_queue (id),
     at INTEGER NOT NULL,
     reason TEXT NOT NULL,
     line TEXT NOT NULL);
   CREATE INDEX outbox_letter_queue ON outbox_letter (queue, id);`,
];

const SQL = {
  createQueue: "INSERT INTO outbox_queue (name) VALUES (?) ON CONFLICT DO NOTHING",
  queueId: "SELECT id FROM outbox_queue WHERE name = ?",
  queueTotals: "SELECT * FROM outbox_queue WHERE id = ?",
  saveQueue: `UPDATE outbox_queue SET accepted = ?, written = ?, dropped_oldest = ?, dropped_expired = ?,
    dropped_rejected = ?, confirmed = ? WHERE id = ?`,
  insertChunk: "INSERT INTO outbox_chunk (queue, at, readings, bytes, lines) VALUES (?, ?, ?, ?, ?)",
  firstChunk: "SELECT id, at, readings, bytes FROM outbox_chunk WHERE queue = ? AND id > ? ORDER BY id LIMIT 1",
  deleteChunk: "DELETE FROM outbox_chunk WHERE id = ?",
  waitingChunks: "SELECT id, readings, bytes, lines FROM outbox_chunk WHERE queue = ? AND id > ? ORDER BY id",
  waitingTotals: "SELECT sum(readings) readings, sum(bytes) bytes FROM outbox_chunk WHERE queue = ? AND id > ?",
  keptChunks: "SELECT id, readings FROM outbox_chunk WHERE queue = ? AND id <= ? ORDER BY id",
  deleteConfirmed: "DELETE FROM outbox_chunk WHERE queue = ? AND id <= ?",
  newestChunks: "SELECT id, readings FROM outbox_chunk WHERE queue = ? ORDER BY id DESC",
  chunkLines: "SELECT lines FROM outbox_chunk WHERE id = ?",
  insertLetter: "INSERT INTO outbox_letter (queue, at, reason, line) VALUES (?, ?, ?, ?)",
  trimLetters: `DELETE FROM outbox_letter WHERE queue = ? AND id <= (
    SELECT id FROM outbox_letter WHERE queue = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
  letters: "SELECT id, at, reason, line FROM outbox_letter WHERE queue = ? ORDER BY id LIMIT ?",
  clearLetters: "DELETE FROM outbox_letter WHERE queue = ?",
} as const;

export type Statements = Readonly<Record<keyof typeof SQL, StatementSync>>;

export function prepareStatements(db: DatabaseSync): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)] as const);
  return Object.fromEntries(prepared) as Statements;
}
