import type { StoreFile } from "./file";
import { seriesTables } from "./series-tables";

const HOUR_MS = 3600 * 1000;
/** States of a keeper that nobody has opened for so long belong to a node that is gone. */
const KEEPER_DAYS = 30;
/** A series that its node has not heard of for so long has gone; machines that run in a season come back within a year. */
const SERIES_DAYS = 400;
/** More series than a node keeps at work are kept for their return up to here; those not heard of for longest go first. */
const MOST_SERIES = 100_000;
/** Series forgotten in one step: a few milliseconds. */
const STEP_SERIES = 500;

/**
 * When keepers and their series were last used, and what is forgotten for it. Days are days of the store at work, not of
 * the calendar: what lay on a shelf, or was told a wrong year by its clock, forgets nothing for it.
 */
export class SeriesUse {
  readonly #open = new Map<number, number>();
  #steppedAt: number | undefined;
  #isBehind = false;

  constructor(private readonly file: StoreFile) {}

  opened(keeper: number): void {
    this.#open.set(keeper, (this.#open.get(keeper) ?? 0) + 1);
    this.#useKeeper(keeper, this.#day());
  }

  closed(keeper: number): void {
    const others = (this.#open.get(keeper) ?? 1) - 1;
    if (others > 0) this.#open.set(keeper, others);
    else this.#open.delete(keeper);
  }

  /** What takes note, within a transaction, that a keeper's series have been saved. Writes once a day and series. */
  marker(keeper: number): (series: string) => void {
    const day = this.#day();
    const mark = this.#db.prepare(
      `INSERT INTO series_use VALUES (?, ?, ?)
       ON CONFLICT (keeper, series) DO UPDATE SET day = excluded.day WHERE day <> excluded.day`,
    );
    return (series) => void mark.run(keeper, series, day);
  }

  /** Forgets one series, or all of a keeper. */
  forget(keeper: number, series?: string): void {
    if (series === undefined) this.#db.prepare("DELETE FROM series_use WHERE keeper = ?").run(keeper);
    else this.#db.prepare("DELETE FROM series_use WHERE keeper = ? AND series = ?").run(keeper, series);
  }

  /**
   * One small step: counts the hours that the store is at work, and forgets some of what nothing has used for long.
   * @param now the wall clock, ms; a clock that jumps counts one hour
   * @returns true when more is to be forgotten
   */
  step(now: number): boolean {
    this.#steppedAt ??= now;
    if (Math.abs(now - this.#steppedAt) >= HOUR_MS) {
      this.#steppedAt = now;
      this.file.transaction(() => this.#countHour());
      this.#isBehind = true;
    }
    if (this.#isBehind) this.#isBehind = this.file.transaction(() => this.#forgetSome());
    return this.#isBehind;
  }

  get #db() {
    return seriesTables(this.file);
  }

  #day(): number {
    return Math.floor(Number(this.#db.prepare("SELECT hours FROM series_clock").get()?.hours) / 24);
  }

  #useKeeper(keeper: number, day: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO keeper_use VALUES (?, ?)").run(keeper, day);
  }

  #countHour(): void {
    this.#db.exec("UPDATE series_clock SET hours = hours + 1");
    const day = this.#day();
    for (const keeper of this.#open.keys()) this.#useKeeper(keeper, day);
    // Those of an older pack are counted from now on.
    this.#db.prepare("INSERT OR IGNORE INTO keeper_use SELECT id, ? FROM series_keeper").run(day);
  }

  /** @returns true when there may be more */
  #forgetSome(): boolean {
    const day = this.#day();
    const keepers = this.#db.prepare("SELECT keeper, day FROM keeper_use").all();
    return keepers.some((row) => {
      const keeper = Number(row.keeper);
      const isGone = Number(row.day) < day - KEEPER_DAYS && !this.#open.has(keeper);
      if (this.#forgetOldest(keeper, isGone ? Number.POSITIVE_INFINITY : day - SERIES_DAYS)) return true;
      if (isGone) this.#forgetKeeper(keeper);
      return false;
    });
  }

  /** Of the series used before that day, and of those that are too many. @returns true when there may be more */
  #forgetOldest(keeper: number, before: number): boolean {
    const oldest = this.#db
      .prepare("SELECT series, day FROM series_use WHERE keeper = ? ORDER BY day LIMIT ?")
      .all(keeper, STEP_SERIES);
    const count = this.#db.prepare("SELECT count(*) AS count FROM series_use WHERE keeper = ?").get(keeper);
    const excess = Number(count?.count) - MOST_SERIES;
    const gone = oldest.filter(({ day }, i) => Number(day) < before || i < excess);
    const remove = this.#db.prepare("DELETE FROM series_state WHERE keeper = ? AND series = ?");
    for (const { series } of gone) {
      remove.run(keeper, String(series));
      this.forget(keeper, String(series));
    }
    return gone.length === STEP_SERIES;
  }

  #forgetKeeper(keeper: number): void {
    for (const table of ["series_state", "series_use", "keeper_use"]) {
      this.#db.prepare(`DELETE FROM ${table} WHERE keeper = ?`).run(keeper);
    }
    this.#db.prepare("DELETE FROM series_keeper WHERE id = ?").run(keeper);
  }
}
