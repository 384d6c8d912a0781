import type { Device, DeviceFields, DeviceInfo, DeviceStatus } from "./device";

/** A device as the registry holds it. That a device was seen only writes a number here. */
export interface DeviceRecord {
  readonly id: string;
  info: DeviceInfo;
  status: DeviceStatus;
  /** The device itself has reported the status, and may end it. */
  own: boolean;
  /** ms since the epoch, by the gateway's clock; NEVER until it is first seen. */
  lastSeen: number;
  /** What of it is in the store. */
  savedLastSeen: number;
  /** The bucket of deadlines it waits in. */
  bucket: number;
}

export const NEVER = Number.NEGATIVE_INFINITY;
export const NOT_WATCHED = -1;

export function newRecord(id: string, info: DeviceInfo, status: DeviceStatus, lastSeen = NEVER): DeviceRecord {
  return { id, info, status, own: false, lastSeen, savedLastSeen: NEVER, bucket: NOT_WATCHED };
}

/** What others see of a record: an object of its own that does not change afterwards. */
export function deviceOf({ id, info, status, lastSeen }: DeviceRecord): Device {
  const device = { id, ...info, status };
  return lastSeen === NEVER ? device : { ...device, lastSeen };
}

/** The info with the fields applied: undefined leaves a field as it is, null removes it. */
export function withFields(info: DeviceInfo, fields: DeviceFields): DeviceInfo {
  const { status: _status, ...told } = fields;
  const next: Record<string, unknown> = { ...info };
  for (const [field, value] of Object.entries(told)) {
    if (value === undefined) continue;
    if (value === null) delete next[field];
    else next[field] = value;
  }
  return { ...next, tags: next.tags ?? [], configuration: next.configuration ?? {} } as DeviceInfo;
}

/** The names of the fields in which the two differ. */
export function differences(before: DeviceInfo, after: DeviceInfo): string[] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof DeviceInfo>;
  return [...fields].filter((field) => !sameJson(before[field], after[field]));
}

function sameJson(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}
