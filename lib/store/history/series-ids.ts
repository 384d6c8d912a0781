import type { StatementSync } from "node:sqlite";
import type { HistorySeries } from "../contract";
import type { StoreFile } from "../file";

/** Most series whose number is held in memory; beyond it they are looked up in the file again. */
const CACHED = 200_000;

/** The number by which the history's tables name a series. */
export class SeriesIds {
  readonly #cache = new Map<string, Map<string, number>>();
  #cached = 0;
  readonly #find: StatementSync;
  readonly #add: StatementSync;
  readonly #byId: StatementSync;

  constructor(private readonly file: StoreFile) {
    this.#find = file.db.prepare("SELECT id FROM history_series WHERE device_id = ? AND sensor = ?");
    this.#add = file.db.prepare("INSERT INTO history_series (device_id, sensor, last_span) VALUES (?, ?, ?)");
    this.#byId = file.db.prepare("SELECT device_id, sensor FROM history_series WHERE id = ?");
  }

  /** The series' number; when there is none, a new one that is in use from `span` on. To be called inside a transaction. */
  of(deviceId: string, sensor: string, span: () => number): number {
    const cached = this.#cache.get(deviceId)?.get(sensor);
    if (cached !== undefined) return cached;
    const row = this.#find.get(deviceId, sensor);
    const id = Number(row === undefined ? this.#add.run(deviceId, sensor, span()).lastInsertRowid : row.id);
    this.file.onCommit(() => this.#remember(deviceId, sensor, id));
    return id;
  }

  byId(id: number): HistorySeries | undefined {
    const row = this.#byId.get(id);
    return row === undefined ? undefined : { deviceId: String(row.device_id), sensor: String(row.sensor) };
  }

  /** The series of a device, or of all, with their numbers, by device and sensor. */
  list(deviceId?: string, sensor?: string): (HistorySeries & { id: number })[] {
    return this.file.db
      .prepare(
        `SELECT id, device_id, sensor FROM history_series
         WHERE ${deviceId === undefined ? "? IS NULL" : "device_id = ?"} AND sensor = coalesce(?, sensor)
         ORDER BY device_id, sensor`,
      )
      .all(deviceId ?? null, sensor ?? null)
      .map((row) => ({ id: Number(row.id), deviceId: String(row.device_id), sensor: String(row.sensor) }));
  }

  /** Removes series whose last readings were in spans before `oldest`, unless `inUse`. */
  removeBefore(oldest: number, inUse: (id: number) => boolean): void {
    const remove = this.file.db.prepare("DELETE FROM history_series WHERE id = ?");
    const old = this.file.db.prepare("SELECT id FROM history_series WHERE last_span < ?").all(oldest);
    this.file.transaction(() => {
      for (const { id } of old) if (!inUse(Number(id))) remove.run(Number(id));
      this.file.onCommit(() => this.#forget());
    });
  }

  #remember(deviceId: string, sensor: string, id: number): void {
    if (this.#cached >= CACHED) this.#forget();
    let sensors = this.#cache.get(deviceId);
    if (!sensors) {
      sensors = new Map();
      this.#cache.set(deviceId, sensors);
    }
    if (!sensors.has(sensor)) this.#cached += 1;
    sensors.set(sensor, id);
  }

  #forget(): void {
    this.#cache.clear();
    this.#cached = 0;
  }
}
