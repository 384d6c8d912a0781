import type { StatementSync } from "node:sqlite";
import type { SeriesStates } from "./contract";
import type { StoreFile } from "./file";

/** A keeper's row also says when it was last used, so that the states of nodes long deleted can go. */
const MIGRATIONS = [
  `CREATE TABLE series_keeper (
     id INTEGER PRIMARY KEY, keeper TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, used INTEGER NOT NULL);
   CREATE TABLE series_state (
     keeper INTEGER NOT NULL, series TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (keeper, series)) WITHOUT ROWID;`,
];
const COMPONENT = "series-states";
/** States that nothing has used for so long belong to a node that is gone. */
const FORGET_AFTER_MS = 30 * 24 * 3600 * 1000;

/**
 * The states of one keeper under one fingerprint; opening it discards what another fingerprint left.
 * @param fingerprints the one to save under, and others that mean the same
 */
export function openSeriesStates(
  file: StoreFile,
  keeper: string,
  fingerprints: readonly [fingerprint: string, ...former: string[]],
  now: () => number,
): SeriesStates {
  const db = file.component(COMPONENT, MIGRATIONS);
  const [fingerprint] = fingerprints;
  const { id, dropped } = file.transaction(() => openKeeper(file, keeper, fingerprints, now()));
  const select = db.prepare("SELECT state FROM series_state WHERE keeper = ? AND series = ?");
  const upsert = db.prepare("INSERT OR REPLACE INTO series_state VALUES (?, ?, ?)");
  const remove = db.prepare("DELETE FROM series_state WHERE keeper = ? AND series = ?");
  const used = db.prepare("INSERT OR REPLACE INTO series_keeper VALUES (?, ?, ?, ?)");
  return {
    dropped,
    load(series) {
      const row = run(file, () => select.get(id, series));
      return row === undefined ? undefined : JSON.parse(String(row.state));
    },
    save(entries) {
      return file.transaction(() => {
        used.run(id, keeper, fingerprint, now());
        let characters = 0;
        for (const [series, state] of entries) characters += write(id, series, state, upsert, remove);
        return characters;
      });
    },
    names() {
      const rows = run(file, () => db.prepare("SELECT series FROM series_state WHERE keeper = ?").all(id));
      return rows.map(({ series }) => String(series));
    },
    clear() {
      file.transaction(() => db.prepare("DELETE FROM series_state WHERE keeper = ?").run(id));
    },
  };
}

/** Removes the states of keepers that nothing has used for 30 days; returns how many keepers went. */
export function forgetUnusedStates(file: StoreFile, now: number): number {
  const db = file.component(COMPONENT, MIGRATIONS);
  return file.transaction(() => {
    const gone = db.prepare("DELETE FROM series_keeper WHERE used < ?").run(now - FORGET_AFTER_MS);
    if (gone.changes) db.exec("DELETE FROM series_state WHERE keeper NOT IN (SELECT id FROM series_keeper)");
    return Number(gone.changes);
  });
}

function openKeeper(
  { db }: StoreFile,
  keeper: string,
  fingerprints: readonly [fingerprint: string, ...former: string[]],
  now: number,
): { readonly id: number; readonly dropped: number } {
  const [fingerprint] = fingerprints;
  const known = db.prepare("SELECT id, fingerprint FROM series_keeper WHERE keeper = ?").get(keeper);
  if (known === undefined) {
    const added = db
      .prepare("INSERT INTO series_keeper (keeper, fingerprint, used) VALUES (?, ?, ?)")
      .run(keeper, fingerprint, now);
    return { id: Number(added.lastInsertRowid), dropped: 0 };
  }
  const id = Number(known.id);
  const goOn = fingerprints.includes(String(known.fingerprint));
  const dropped = goOn ? 0 : Number(db.prepare("DELETE FROM series_state WHERE keeper = ?").run(id).changes);
  db.prepare("UPDATE series_keeper SET fingerprint = ?, used = ? WHERE id = ?").run(fingerprint, now, id);
  return { id, dropped };
}

function write(id: number, series: string, state: unknown, upsert: StatementSync, remove: StatementSync): number {
  if (state === undefined) {
    remove.run(id, series);
    return 0;
  }
  const text = JSON.stringify(state);
  upsert.run(id, series, text);
  return text.length;
}

function run<T>(file: StoreFile, work: () => T): T {
  file.checkOpen();
  try {
    return work();
  } catch (error) {
    throw file.failure(error);
  }
}
