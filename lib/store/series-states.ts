import type { SeriesStates } from "./contract";
import type { StoreFile } from "./file";
import { seriesTables } from "./series-tables";
import type { SeriesUse } from "./series-use";

/**
 * The states of one keeper under one fingerprint; opening it discards what another fingerprint left.
 * @param fingerprints the one to save under, and others that mean the same
 */
export function openSeriesStates(
  file: StoreFile,
  use: SeriesUse,
  keeper: string,
  fingerprints: readonly [fingerprint: string, ...former: string[]],
  now: () => number,
): SeriesStates {
  const db = seriesTables(file);
  const [fingerprint] = fingerprints;
  const { id, dropped } = file.transaction(() => openKeeper(file, use, keeper, fingerprints, now()));
  const select = db.prepare("SELECT state FROM series_state WHERE keeper = ? AND series = ?");
  const upsert = db.prepare("INSERT OR REPLACE INTO series_state VALUES (?, ?, ?)");
  const remove = db.prepare("DELETE FROM series_state WHERE keeper = ? AND series = ?");
  const used = db.prepare("INSERT OR REPLACE INTO series_keeper VALUES (?, ?, ?, ?)");
  let isOpen = true;
  return {
    dropped,
    load(series) {
      const row = run(file, () => select.get(id, series));
      return row === undefined ? undefined : JSON.parse(String(row.state));
    },
    save(entries) {
      return file.transaction(() => {
        used.run(id, keeper, fingerprint, now());
        const mark = use.marker(id);
        let characters = 0;
        for (const [series, state] of entries) {
          if (state === undefined) {
            remove.run(id, series);
            use.forget(id, series);
            continue;
          }
          const text = JSON.stringify(state);
          upsert.run(id, series, text);
          mark(series);
          characters += text.length;
        }
        return characters;
      });
    },
    names() {
      const rows = run(file, () => db.prepare("SELECT series FROM series_state WHERE keeper = ?").all(id));
      return rows.map(({ series }) => String(series));
    },
    clear() {
      file.transaction(() => clear(file, use, id));
    },
    close() {
      if (isOpen) use.closed(id);
      isOpen = false;
    },
  };
}

function openKeeper(
  file: StoreFile,
  use: SeriesUse,
  keeper: string,
  fingerprints: readonly [fingerprint: string, ...former: string[]],
  now: number,
): { readonly id: number; readonly dropped: number } {
  const { db } = file;
  const [fingerprint] = fingerprints;
  const known = db.prepare("SELECT id, fingerprint FROM series_keeper WHERE keeper = ?").get(keeper);
  if (known === undefined) {
    const added = db
      .prepare("INSERT INTO series_keeper (keeper, fingerprint, used) VALUES (?, ?, ?)")
      .run(keeper, fingerprint, now);
    const id = Number(added.lastInsertRowid);
    use.opened(id);
    return { id, dropped: 0 };
  }
  const id = Number(known.id);
  const goOn = fingerprints.includes(String(known.fingerprint));
  const dropped = goOn ? 0 : clear(file, use, id);
  db.prepare("UPDATE series_keeper SET fingerprint = ?, used = ? WHERE id = ?").run(fingerprint, now, id);
  use.opened(id);
  return { id, dropped };
}

/** @returns how many series were forgotten */
function clear({ db }: StoreFile, use: SeriesUse, id: number): number {
  use.forget(id);
  return Number(db.prepare("DELETE FROM series_state WHERE keeper = ?").run(id).changes);
}

function run<T>(file: StoreFile, work: () => T): T {
  file.checkOpen();
  try {
    return work();
  } catch (error) {
    throw file.failure(error);
  }
}
