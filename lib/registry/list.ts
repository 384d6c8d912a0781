import { describe } from "../reading";
import { DEVICE_STATUSES, type Device, type DeviceStatus, RegistryError } from "./device";
import { type DeviceRecord, deviceOf } from "./record";

/** Which devices are wanted; each condition that is given must hold. */
export interface DeviceFilter {
  readonly status?: DeviceStatus;
  readonly type?: string;
  readonly tag?: string;
  /** Part of the id, name, type or location, in any case. */
  readonly text?: string;
}

export interface DeviceQuery extends DeviceFilter {
  /** How many matches to leave out first, for paging; 0 by default. */
  readonly offset?: number;
  /** Most devices returned, 100 by default, at most 10 000. */
  readonly limit?: number;
  /** By default in the order of their registration. */
  readonly sort?: DeviceSort;
  readonly descending?: boolean;
}

export type DeviceSort = "registered" | "id" | "name" | "lastSeen";

export interface DevicePage {
  /** How many devices match in all. */
  readonly total: number;
  readonly devices: readonly Device[];
}

const MAX_LIMIT = 10_000;
const SORTS: readonly DeviceSort[] = ["registered", "id", "name", "lastSeen"];

/** The page of the records that the query asks for. O(n), and O(n log n) when sorted. */
export function listDevices(records: Iterable<DeviceRecord>, query: DeviceQuery): DevicePage {
  const { offset = 0, limit = 100, sort = "registered", descending = false } = query;
  const found = [...findDevices(records, query)];
  if (sort !== "registered") found.sort(COMPARE[sort]);
  if (descending) found.reverse();
  return { total: found.length, devices: found.slice(offset, offset + limit).map(deviceOf) };
}

/** The records that match the filter, in their order. */
export function* findDevices(records: Iterable<DeviceRecord>, filter: DeviceFilter): IterableIterator<DeviceRecord> {
  const matches = matcherOf(filter);
  for (const record of records) if (matches(record)) yield record;
}

/**
 * Checks a query from outside, such as a message's payload or a request's parameters, where numbers may be text.
 * @throws RegistryError "invalid"
 */
export function checkQuery(raw: unknown): DeviceQuery {
  if (raw === undefined || raw === null || raw === "") return {};
  if (typeof raw !== "object" || Array.isArray(raw)) {
    throw invalid(`expected an object with what to look for, got ${describe(raw)}`);
  }
  const { status, type, tag, text, offset, limit, sort, descending } = raw as Record<string, unknown>;
  return {
    status: oneOf(status, DEVICE_STATUSES, "status"),
    type: optionalText(type, "type"),
    tag: optionalText(tag, "tag"),
    text: optionalText(text, "text"),
    offset: count(offset, "offset", Number.MAX_SAFE_INTEGER),
    limit: count(limit, "limit", MAX_LIMIT),
    sort: oneOf(sort, SORTS, "sort"),
    descending: descending === true || descending === "true",
  };
}

function matcherOf({ status, type, tag, text }: DeviceFilter): (record: DeviceRecord) => boolean {
  const wanted = text?.toLowerCase();
  return (record) =>
    (status === undefined || record.status === status) &&
    (type === undefined || record.info.type === type) &&
    (tag === undefined || record.info.tags.includes(tag)) &&
    (wanted === undefined || hasText(record, wanted));
}

function hasText({ id, info }: DeviceRecord, wanted: string): boolean {
  return [id, info.name, info.type, info.location].some((text) => text?.toLowerCase().includes(wanted));
}

const COMPARE: Readonly<Record<Exclude<DeviceSort, "registered">, (a: DeviceRecord, b: DeviceRecord) => number>> = {
  id: (a, b) => compareText(a.id, b.id),
  name: (a, b) => compareText(a.info.name ?? a.id, b.info.name ?? b.id),
  lastSeen: (a, b) => compareNumbers(a.lastSeen, b.lastSeen),
};

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Not a difference: of two devices never seen that would be NaN. */
function compareNumbers(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function oneOf<T extends string>(value: unknown, options: readonly T[], field: string): T | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (options.includes(value as T)) return value as T;
  throw invalid(`${field}: expected one of ${options.join(", ")}, got ${describe(value)}`);
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw invalid(`${field}: expected a text, got ${describe(value)}`);
}

function count(value: unknown, field: string, max: number): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw invalid(`${field}: expected a whole number from 0 to ${max}, got ${describe(value)}`);
}

function invalid(message: string): RegistryError {
  return new RegistryError("invalid", message);
}
