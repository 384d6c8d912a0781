import type { Reading } from "../reading";
import type { HistoryQuery, HistorySeries, HistoryService } from "./contract";
import type { StoreFile } from "./file";
import type { StoreSize, Upkeep } from "./store";

const MIGRATIONS = [
  `CREATE TABLE history_plain (
     device_id TEXT NOT NULL, sensor TEXT NOT NULL, timestamp NOT NULL, reading TEXT NOT NULL,
     PRIMARY KEY (device_id, sensor, timestamp)) WITHOUT ROWID;`,
];
const DEFAULT_LIMIT = 10_000;

export class History implements HistoryService {
  constructor(private readonly file: StoreFile) {
    file.component("history", MIGRATIONS);
  }

  append(readings: readonly Reading[]): void {
    const insert = this.file.db.prepare("INSERT OR REPLACE INTO history_plain VALUES (?, ?, ?, ?)");
    this.file.transaction(() => {
      for (const reading of readings) {
        insert.run(reading.deviceId, reading.sensor, reading.timestamp, JSON.stringify(reading));
      }
    });
  }

  query({
    deviceId,
    sensor,
    from = -9e15,
    to = 9e15,
    limit = DEFAULT_LIMIT,
    order = "oldest",
  }: HistoryQuery): Reading[] {
    const rows = this.file.db
      .prepare(
        `SELECT reading FROM history_plain WHERE device_id = ? AND sensor = coalesce(?, sensor)
         AND timestamp >= ? AND timestamp < ? ORDER BY timestamp ${order === "newest" ? "DESC" : "ASC"} LIMIT ?`,
      )
      .all(deviceId, sensor ?? null, from, to, limit);
    const readings = rows.map((row) => ({ ...JSON.parse(String(row.reading)), historical: true }) as Reading);
    return order === "newest" ? readings.reverse() : readings;
  }

  series(deviceId?: string): HistorySeries[] {
    return this.file.db
      .prepare(
        "SELECT DISTINCT device_id AS deviceId, sensor FROM history_plain WHERE device_id = coalesce(?, device_id)",
      )
      .all(deviceId ?? null)
      .map((row) => ({ deviceId: String(row.deviceId), sensor: String(row.sensor) }));
  }

  evict(_before: number | undefined, _maxBytes: number | undefined): Upkeep {
    return { evicted: 0, more: false, overBy: 0 };
  }

  size(): StoreSize {
    return { used: 0, file: 0, readings: 0 };
  }
}
