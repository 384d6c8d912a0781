import type { DatabaseSync } from "node:sqlite";
import type { StoreFile } from "./file";

/** `used` is the calendar's time of the last use, by which older packs forget. */
const STATES = [
  `CREATE TABLE series_keeper (
     id INTEGER PRIMARY KEY, keeper TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL, used INTEGER NOT NULL);
   CREATE TABLE series_state (
     keeper INTEGER NOT NULL, series TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (keeper, series)) WITHOUT ROWID;`,
];

/** A component of its own, so that older packs can still open the file. States from before count as used on its first day. */
const USE = [
  `CREATE TABLE series_clock (hours INTEGER NOT NULL);
   INSERT INTO series_clock VALUES (0);
   CREATE TABLE keeper_use (keeper INTEGER PRIMARY KEY, day INTEGER NOT NULL);
   CREATE TABLE series_use (
     keeper INTEGER NOT NULL, series TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (keeper, series)) WITHOUT ROWID;
   CREATE INDEX series_use_by_day ON series_use (keeper, day);
   INSERT INTO keeper_use SELECT id, 0 FROM series_keeper;
   INSERT INTO series_use SELECT keeper, series, 0 FROM series_state;`,
];

/** The tables of the states of series. */
export function seriesTables(file: StoreFile): DatabaseSync {
  file.component("series-states", STATES);
  return file.component("series-use", USE);
}
