import { EventEmitter } from "node:events";
import { describe } from "../reading";
import { Admission } from "./admission";
import { checkFields, checkId, checkReport } from "./check";
import {
  type Device,
  type DeviceEvent,
  type DeviceEventName,
  type DeviceFields,
  type DeviceInfo,
  type DeviceStatus,
  RegistryError,
} from "./device";
import { type DeviceFilter, type DevicePage, type DeviceQuery, findDevices, listDevices } from "./list";
import type { RegistryOptions } from "./options";
import { Presence } from "./presence";
import { type DeviceRecord, deviceOf, differences, newRecord, withFields } from "./record";
import { SteadyClock } from "./steady-clock";
import { WriteBehind } from "./write-behind";

export type StatusCounts = Readonly<Record<DeviceStatus, number>>;

const DEFAULT_OFFLINE_AFTER_S = 300;
const DEFAULT_MAX_DEVICES = 200_000;

/**
 * Knows every device, whether it is there, and when it was last heard. It lives in memory. Whoever owns it calls `sweep`
 * and `flush` about once a second: the one finds who has fallen silent, the other brings changes to the store.
 *
 * Emits "event" with a DeviceEvent.
 */
export class Registry extends EventEmitter<{ event: [DeviceEvent] }> {
  readonly #records = new Map<string, DeviceRecord>();
  readonly #counts = { online: 0, offline: 0, maintenance: 0, error: 0 };
  readonly #saved: WriteBehind | undefined;
  readonly #admission: Admission;
  readonly #now: () => number;
  readonly #presence: Presence;
  readonly #maxDevices: number;

  /** @throws StoreError, or RegistryError "in-use" when another registry has the same set of the same store */
  constructor(options: RegistryOptions = {}) {
    super();
    this.setMaxListeners(0);
    this.#now = options.now ?? Date.now;
    const offlineAfterMs = (options.offlineAfter ?? DEFAULT_OFFLINE_AFTER_S) * 1000;
    this.#presence = new Presence(offlineAfterMs, new SteadyClock(this.#now, options.monotonic));
    this.#maxDevices = options.maxDevices ?? DEFAULT_MAX_DEVICES;
    this.#admission = new Admission(options.autoRegistration ?? "on", options.listed ?? []);
    this.#saved = options.store && new WriteBehind(options.store, options.set ?? "devices");
    for (const record of this.#saved?.load(options.onProblem ?? (() => undefined)) ?? []) this.#add(record);
  }

  get size(): number {
    return this.#records.size;
  }

  get counts(): StatusCounts {
    return { ...this.#counts };
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  get(id: string): Device | undefined {
    const record = this.#records.get(id);
    return record && deviceOf(record);
  }

  /** What is known of the device: the same object until something changes. For what is looked up per reading. */
  infoOf(id: string): DeviceInfo | undefined {
    return this.#records.get(id)?.info;
  }

  list(query: DeviceQuery = {}): DevicePage {
    return listDevices(this.#records.values(), query);
  }

  /** Every device that matches, the first registered first. */
  *find(filter: DeviceFilter = {}): IterableIterator<Device> {
    for (const record of findDevices(this.#records.values(), filter)) yield deviceOf(record);
  }

  /**
   * Notes that the device was heard. A device that was offline is online with it; an unknown one registers itself when
   * it may.
   * @param now when it was heard by the gateway's clock, not when it measured
   * @returns false when the device is unknown and may not register itself; `whyRefused` says why
   */
  touch(id: string, now: number): boolean {
    const record = this.#records.get(id);
    if (record !== undefined && record.status === "online") {
      record.lastSeen = now;
      return true;
    }
    return this.#touchOther(id, record, now);
  }

  /** Why `touch` returned false for the id. */
  whyRefused(id: string): string {
    const reason = this.#admission.whyRefused(id);
    if (reason !== undefined) return reason;
    return `device ${describe(id)} is unknown, and the registry is full: it holds ${this.#maxDevices} devices`;
  }

  /**
   * Takes over what a device says of itself, such as the payload of `devices/{id}/status`: its status as plain text, or
   * an object with any fields of a device, `firmware` for `firmwareVersion` too. "offline" is what its last will says.
   * @param retained kept by the broker from earlier: the device was not heard now, and whether it is still online must
   * show when it is
   * @returns false as `touch` does
   * @throws RegistryError "invalid" naming the field that is not what it should be
   */
  reportStatus(id: string, report: unknown, now: number = this.#now(), retained = false): boolean {
    const { status, ...fields } = checkReport(report);
    const heard = status !== "offline" && !retained;
    const record = heard ? this.#touched(id, now) : this.#knownOrNew(id, now);
    if (!record) return false;
    // Maintenance that people have set is for them to end.
    const held = record.status === "maintenance" && !record.own;
    const stale = retained && status === "online";
    this.#change(record, fields, held || stale ? undefined : status, now, true);
    return true;
  }

  /**
   * Registers a device by hand. It is offline until it is heard, unless it begins in maintenance.
   * @throws RegistryError "already-registered", "invalid" or "full"
   */
  register(id: string, given: unknown = {}): Device {
    const checked = checkId(id);
    const fields = checkFields(given);
    if (this.#records.has(checked)) {
      throw new RegistryError(
        "already-registered",
        `device ${describe(checked)} is already registered: update it instead`,
      );
    }
    if (this.#isFull) {
      throw new RegistryError("full", `the registry is full: it holds ${this.#maxDevices} devices`);
    }
    const now = this.#now();
    const status = fields.status === "maintenance" ? "maintenance" : "offline";
    const record = newRecord(checked, withFields({ tags: [], configuration: {}, registered: now }, fields), status);
    this.#register(record, now);
    return deviceOf(record);
  }

  /**
   * Changes what is known of a device; null removes a field. The status "online" ends maintenance or an error: whether
   * the device is online then follows from when it was last seen.
   * @throws RegistryError "unknown-device" or "invalid"
   */
  update(id: string, given: unknown): Device {
    const record = this.#known(id);
    const { status, ...fields } = checkFields(given);
    const now = this.#now();
    const wanted = status === "online" && !this.#presence.isHeard(record, now) ? "offline" : status;
    this.#change(record, fields, wanted, now);
    return deviceOf(record);
  }

  /** @throws RegistryError "unknown-device" */
  delete(id: string): Device {
    const record = this.#known(id);
    this.#records.delete(id);
    this.#counts[record.status] -= 1;
    this.#presence.unwatch(record);
    this.#saved?.deleted(record);
    this.#tell("deleted", record, this.#now());
    return deviceOf(record);
  }

  /**
   * Finds who has fallen silent. Each device is looked at about once per threshold, at most `limit` of them in one call.
   * @returns true when more are waiting to be looked at
   */
  sweep(limit = Number.POSITIVE_INFINITY): boolean {
    const now = this.#now();
    const { heard, silent } = this.#presence.sweep(now, this.#records.values(), limit);
    for (const record of heard) this.#saved?.seen(record);
    for (const record of silent) this.#setStatus(record, "offline", now);
    return heard.length + silent.length >= limit;
  }

  /**
   * Writes what changed to the store, for at most about `budgetMs`.
   * @returns true when there is more to write
   * @throws StoreError; what could not be written is tried again the next time
   */
  flush(budgetMs = Number.POSITIVE_INFINITY): boolean {
    return this.#saved?.flush(budgetMs) ?? false;
  }

  /** Writes everything, when devices were last seen too, and lets go of the store. @throws StoreError */
  close(): void {
    try {
      for (const record of this.#records.values()) this.#saved?.seen(record);
      this.flush();
    } finally {
      this.#saved?.close();
      this.removeAllListeners();
    }
  }

  #touchOther(id: string, record: DeviceRecord | undefined, now: number): boolean {
    if (record === undefined) return this.#registerItself(id, now);
    record.lastSeen = now;
    if (record.status === "offline") this.#setStatus(record, "online", now);
    return true;
  }

  #touched(id: string, now: number): DeviceRecord | undefined {
    return this.touch(id, now) ? this.#records.get(id) : undefined;
  }

  #registerItself(id: string, now: number): boolean {
    const record = this.#knownOrNew(id, now);
    if (!record) return false;
    record.lastSeen = now;
    this.#setStatus(record, "online", now);
    return true;
  }

  /** The device, registered by itself when it may. */
  #knownOrNew(id: string, now: number): DeviceRecord | undefined {
    const known = this.#records.get(id);
    if (known || this.#isFull || this.#admission.whyRefused(id) !== undefined) return known;
    const record = newRecord(id, { tags: [], configuration: {}, registered: now }, "offline");
    this.#register(record, now);
    return record;
  }

  #register(record: DeviceRecord, now: number): void {
    this.#add(record);
    this.#saved?.changed(record);
    this.#tell("registered", record, now);
  }

  #add(record: DeviceRecord): void {
    this.#records.set(record.id, record);
    this.#counts[record.status] += 1;
    this.#presence.watch(record);
  }

  #change(
    record: DeviceRecord,
    fields: DeviceFields,
    status: DeviceStatus | undefined,
    now: number,
    own = false,
  ): void {
    const before = record.info;
    const after = withFields(before, fields);
    const changes = differences(before, after);
    if (changes.length > 0) {
      record.info = after;
      this.#saved?.changed(record);
      if (changes.includes("offlineAfter")) this.#presence.watch(record);
    }
    const previous = record.status;
    if (status !== undefined && status !== previous) {
      this.#setStatus(record, status, now, own);
      // Online and offline have events of their own.
      if (status === "maintenance" || status === "error") changes.push("status");
    }
    if (changes.length > 0) this.#tell("changed", record, now, changes);
  }

  #setStatus(record: DeviceRecord, status: DeviceStatus, now: number, own = false): void {
    this.#counts[record.status] -= 1;
    this.#counts[status] += 1;
    record.status = status;
    record.own = own;
    this.#saved?.changed(record);
    this.#presence.watch(record);
    if (status === "online" || status === "offline") this.#tell(status, record, now);
  }

  get #isFull(): boolean {
    return this.#records.size >= this.#maxDevices;
  }

  #known(id: string): DeviceRecord {
    const record = this.#records.get(id);
    if (!record) throw new RegistryError("unknown-device", `device ${describe(id)} is not registered`);
    return record;
  }

  #tell(event: DeviceEventName, record: DeviceRecord, timestamp: number, changes?: readonly string[]): void {
    if (this.listenerCount("event") === 0) return;
    this.emit("event", { event, device: deviceOf(record), timestamp, ...(changes && { changes }) });
  }
}
