import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoreService } from "../store";
import { checkFields, checkStatus } from "./check";
import { type DeviceInfo, RegistryError } from "./device";
import { type DeviceRecord, NEVER, newRecord, withFields } from "./record";

const MIGRATIONS = [
  `CREATE TABLE device (
     registry TEXT NOT NULL, id TEXT NOT NULL, info TEXT NOT NULL, status TEXT NOT NULL, own INTEGER NOT NULL, last_seen INTEGER,
     PRIMARY KEY (registry, id)) WITHOUT ROWID;`,
];

/** Which registries of each database are in use: two that write the same rows would undo each other's changes. */
const inUse = new WeakMap<DatabaseSync, Set<string>>();

/** The devices of one registry in the store. */
export class DeviceTable {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #seen: StatementSync;
  readonly #delete: StatementSync;

  /**
   * @param registry tells the devices of one registry from those of others in the same store
   * @throws RegistryError "in-use" when another open registry of the process has them, StoreError
   */
  constructor(
    private readonly store: StoreService,
    private readonly registry: string,
  ) {
    this.#db = store.component("registry", MIGRATIONS);
    const names = inUse.get(this.#db) ?? new Set<string>();
    if (names.has(registry)) {
      throw new RegistryError(
        "in-use",
        `another registry already keeps the devices "${registry}" in this store: use that one, or give this one its own set`,
      );
    }
    inUse.set(this.#db, names.add(registry));
    this.#put = this.#db.prepare("INSERT OR REPLACE INTO device VALUES (?, ?, ?, ?, ?, ?)");
    this.#seen = this.#db.prepare("UPDATE device SET last_seen = ? WHERE registry = ? AND id = ?");
    this.#delete = this.#db.prepare("DELETE FROM device WHERE registry = ? AND id = ?");
  }

  /** Every device, the first registered first. A row that cannot be read is left out and told. */
  load(onProblem: (problem: string) => void): DeviceRecord[] {
    const rows = this.#db.prepare("SELECT id, info, status, own, last_seen FROM device WHERE registry = ?");
    const records: DeviceRecord[] = [];
    for (const row of rows.iterate(this.registry)) {
      try {
        records.push(recordOf(row));
      } catch (error) {
        onProblem(`the stored device ${row.id} cannot be read: ${error instanceof Error ? error.message : error}`);
      }
    }
    return records.sort((a, b) => a.info.registered - b.info.registered);
  }

  /** Writes all three in one transaction: what was deleted, then what changed, then when the others were last seen. */
  write(deleted: Iterable<string>, changed: Iterable<DeviceRecord>, seen: Iterable<DeviceRecord>): void {
    this.store.transaction(() => {
      for (const id of deleted) this.#delete.run(this.registry, id);
      for (const { id, info, status, own, lastSeen } of changed) {
        this.#put.run(
          this.registry,
          id,
          JSON.stringify(info),
          status,
          Number(own),
          lastSeen === NEVER ? null : lastSeen,
        );
      }
      for (const { id, lastSeen } of seen) this.#seen.run(lastSeen, this.registry, id);
    });
  }

  close(): void {
    inUse.get(this.#db)?.delete(this.registry);
  }
}

function recordOf(row: Record<string, unknown>): DeviceRecord {
  const stored = JSON.parse(String(row.info)) as DeviceInfo;
  const blank: DeviceInfo = { tags: [], configuration: {}, registered: Number(stored.registered) || 0 };
  const info = withFields(blank, checkFields(stored));
  const lastSeen = row.last_seen === null ? NEVER : Number(row.last_seen);
  const record = newRecord(String(row.id), info, checkStatus(row.status), lastSeen);
  return { ...record, own: row.own === 1, savedLastSeen: lastSeen };
}
