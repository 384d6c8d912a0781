import type { StatementSync } from "node:sqlite";
import type { Quality, Reading } from "../../reading";
import type { StoreFile } from "../file";
import { extraOf } from "./block";

export type LogName = "a" | "b";

const QUALITIES: readonly Quality[] = ["good", "uncertain", "bad"];
/** Beside the quality in the flags: SQLite has no booleans, so it must be said that 0 or 1 is one. */
const IS_BOOLEAN = 4;

/**
 * One of the two logs: the table on disk, and the same readings by series in memory, for queries and for sealing. The
 * memory takes over a reading only once its row is committed.
 */
export class Log {
  readonly #insert: StatementSync;
  readonly #bySeries = new Map<number, Reading[]>();
  #readings = 0;
  #weight = 0;
  #lastRow = 0;
  #since = Number.POSITIVE_INFINITY;

  constructor(
    private readonly file: StoreFile,
    readonly name: LogName,
  ) {
    this.#insert = file.db.prepare(`INSERT INTO history_log_${name} VALUES (?, ?, ?, ?, ?, ?, ?)`);
  }

  get readings(): number {
    return this.#readings;
  }

  /** Its size in plain readings: one with long text or with verdicts counts as several. */
  get weight(): number {
    return this.#weight;
  }

  /** Wall-clock time of the first reading that is in it, ms since the epoch; Infinity while it is empty. */
  get since(): number {
    return this.#since;
  }

  /** The series in it, ascending. */
  seriesIds(): number[] {
    return [...this.#bySeries.keys()].sort((a, b) => a - b);
  }

  has(series: number): boolean {
    return this.#bySeries.has(series);
  }

  /** The readings of one series in the order of their arrival. */
  of(series: number): readonly Reading[] {
    return this.#bySeries.get(series) ?? NO_READINGS;
  }

  /** The key of its last row, by which it is known after a restart which log is the older; 0 when it is empty. */
  get lastRow(): number {
    return this.#lastRow;
  }

  /**
   * Writes the rows under keys from `row` on; to be called inside a transaction. `series[i]` is the series of
   * `readings[i]`.
   */
  append(row: number, readings: readonly Reading[], series: readonly number[], now: number): void {
    readings.forEach((reading, index) => {
      this.#write(row + index, reading, series[index] as number);
    });
    this.file.onCommit(() => {
      this.#since = Math.min(this.#since, now);
      this.#lastRow = row + readings.length - 1;
      readings.forEach((reading, index) => {
        this.#remember(reading, series[index] as number);
      });
    });
  }

  /** Takes into memory what the table holds. */
  load(seriesOf: (id: number) => { deviceId: string; sensor: string } | undefined, now: number): void {
    const rows = this.file.db.prepare(`SELECT * FROM history_log_${this.name} ORDER BY id`);
    for (const row of rows.iterate()) {
      const series = seriesOf(Number(row.series));
      if (series) this.#remember(fromRow(row, series), Number(row.series));
      this.#lastRow = Number(row.id);
    }
    if (this.#readings > 0) this.#since = now;
  }

  /** Empties the table; to be called inside a transaction. */
  clear(): void {
    this.file.db.exec(`DELETE FROM history_log_${this.name}`);
    this.file.onCommit(() => {
      this.#bySeries.clear();
      this.#readings = 0;
      this.#weight = 0;
      this.#lastRow = 0;
      this.#since = Number.POSITIVE_INFINITY;
    });
  }

  #write(row: number, reading: Reading, series: number): void {
    const { value, timestamp, unit } = reading;
    const boolean = typeof value === "boolean";
    const flags = QUALITIES.indexOf(reading.quality) | (boolean ? IS_BOOLEAN : 0);
    const extra = extraOf(reading);
    this.#insert.run(
      row,
      series,
      timestamp,
      boolean ? Number(value) : value,
      unit,
      flags,
      extra === undefined ? null : JSON.stringify(extra),
    );
  }

  #remember(reading: Reading, series: number): void {
    const known = this.#bySeries.get(series);
    if (known) known.push(reading);
    else this.#bySeries.set(series, [reading]);
    this.#readings += 1;
    this.#weight += weightOf(reading);
  }
}

/** Bytes that a plain reading takes in memory and in the log, roughly. */
const PLAIN_BYTES = 128;
const VERDICT_BYTES = 384;

function weightOf({ value, metadata, anomaly, health, prediction }: Reading): number {
  const text = typeof value === "string" ? value.length : 0;
  const extra = (metadata ?? anomaly ?? health ?? prediction) === undefined ? 0 : VERDICT_BYTES;
  return 1 + (text + extra) / PLAIN_BYTES;
}

const NO_READINGS: readonly Reading[] = [];

function fromRow(row: Record<string, unknown>, series: { deviceId: string; sensor: string }): Reading {
  const flags = Number(row.flags);
  const value = flags & IS_BOOLEAN ? row.value === 1 : row.value;
  return {
    deviceId: series.deviceId,
    sensor: series.sensor,
    value: value as Reading["value"],
    unit: String(row.unit),
    timestamp: Number(row.timestamp),
    quality: QUALITIES[flags & 3] ?? "bad",
    ...(row.extra === null ? undefined : JSON.parse(String(row.extra))),
  };
}
