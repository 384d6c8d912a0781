import type { StoreService } from "../store";
import type { DeviceRecord } from "./record";
import { DeviceTable } from "./table";

/** Devices written between two looks at the clock. */
const SLICE = 200;

/** Collects what has changed and writes it to the store when asked, some devices at a time. */
export class WriteBehind {
  readonly #table: DeviceTable;
  readonly #changed = new Set<DeviceRecord>();
  readonly #seen = new Set<DeviceRecord>();
  readonly #deleted = new Set<string>();

  /** @throws RegistryError "in-use", StoreError */
  constructor(store: StoreService, set: string) {
    this.#table = new DeviceTable(store, set);
  }

  load(onProblem: (problem: string) => void): DeviceRecord[] {
    return this.#table.load(onProblem);
  }

  changed(record: DeviceRecord): void {
    // Writing replaces the row of a device of the same id that was deleted.
    this.#deleted.delete(record.id);
    this.#changed.add(record);
  }

  /** Only the time it was last seen is new. */
  seen(record: DeviceRecord): void {
    if (record.lastSeen !== record.savedLastSeen) this.#seen.add(record);
  }

  deleted(record: DeviceRecord): void {
    this.#changed.delete(record);
    this.#seen.delete(record);
    this.#deleted.add(record.id);
  }

  /**
   * Writes for at most about `budgetMs`; returns true when there is more.
   * @throws StoreError; what could not be written is tried again the next time
   */
  flush(budgetMs: number): boolean {
    const until = performance.now() + budgetMs;
    while (this.#deleted.size + this.#changed.size + this.#seen.size > 0) {
      this.#writeSlice();
      if (performance.now() > until) return true;
    }
    return false;
  }

  close(): void {
    this.#table.close();
  }

  #writeSlice(): void {
    const deleted = firstOf(this.#deleted, SLICE);
    const changed = firstOf(this.#changed, SLICE);
    const seen = firstOf(this.#seen, SLICE);
    this.#table.write(deleted, changed, seen);
    for (const id of deleted) this.#deleted.delete(id);
    for (const record of changed) this.#changed.delete(record);
    for (const record of seen) this.#seen.delete(record);
    for (const record of [...changed, ...seen]) record.savedLastSeen = record.lastSeen;
  }
}

function firstOf<T>(set: ReadonlySet<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of set) {
    if (first.length >= count) break;
    first.push(item);
  }
  return first;
}
