import { checkDeviceId, checkSensor, checkTimestamp, describe, isObject } from "../reading";
import type { HistoryQuery } from "../store/contract";
import { AGGREGATES, type Aggregate } from "./aggregate";

const HOUR_MS = 3_600_000;
const MAX_LIMIT = 1_000_000;

/** What is asked for where the request does not say. */
export interface HistoryDefaults {
  readonly deviceId: string;
  /** Every sensor when empty. */
  readonly sensor: string;
  readonly hours: number;
  readonly limit: number;
  readonly aggregate: Aggregate | "none";
  /** Length of a span that is summarised, minutes. */
  readonly every: number;
}

export interface HistoryRequest {
  readonly query: HistoryQuery & { readonly from: number; readonly to: number; readonly limit: number };
  /** How to sum up, and in spans of how many ms; undefined for every reading. */
  readonly summary: { readonly how: Aggregate; readonly everyMs: number } | undefined;
}

/**
 * Reads what a message asks for: `{deviceId, sensor, hours | from, to, limit, aggregate, every}`, all but the device
 * optional. `from` and `to` are milliseconds since 1970 or ISO 8601; a payload that is no object asks for the defaults.
 * @throws Error naming the property, what it was and what was expected
 */
export function historyRequest(payload: unknown, defaults: HistoryDefaults, now: number): HistoryRequest {
  const asked = isObject(payload) ? payload : {};
  const deviceId = checkDeviceId(orDefault(asked.deviceId, defaults.deviceId), "msg.payload.deviceId");
  const sensor = orDefault(asked.sensor, defaults.sensor);
  const to = timeFrom(asked.to, "msg.payload.to") ?? now;
  const from = timeFrom(asked.from, "msg.payload.from") ?? to - hoursFrom(asked.hours ?? defaults.hours) * HOUR_MS;
  if (from > to) throw new Error(`msg.payload.from: is later than to: ${isoOr(from)} > ${isoOr(to)}`);
  return {
    query: {
      deviceId,
      ...(sensor === "" ? {} : { sensor: checkSensor(sensor, "msg.payload.sensor") }),
      from,
      to,
      limit: limitFrom(asked.limit ?? defaults.limit),
      order: "newest",
    },
    summary: summaryFrom(asked, defaults),
  };
}

function orDefault(value: unknown, preset: string): unknown {
  return value === undefined || value === null || value === "" ? preset : value;
}

function timeFrom(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const time = typeof value === "string" ? Date.parse(value) : value instanceof Date ? value.getTime() : value;
  if (typeof value === "string" && Number.isNaN(time)) {
    throw new Error(`${path}: expected milliseconds since 1970 or ISO 8601, got ${describe(value)}`);
  }
  return checkTimestamp(time, path);
}

function hoursFrom(hours: unknown): number {
  if (typeof hours === "number" && hours > 0 && hours <= 876_000) return hours;
  throw new Error(`msg.payload.hours: expected a number above 0, got ${describe(hours)}`);
}

function limitFrom(limit: unknown): number {
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new Error(`msg.payload.limit: expected a whole number from 1 to ${MAX_LIMIT}, got ${describe(limit)}`);
}

function summaryFrom(asked: Readonly<Record<string, unknown>>, defaults: HistoryDefaults): HistoryRequest["summary"] {
  const how = orDefault(asked.aggregate, defaults.aggregate);
  if (how === "none") return undefined;
  if (!AGGREGATES.includes(how as Aggregate)) {
    throw new Error(`msg.payload.aggregate: expected none or one of ${AGGREGATES.join(", ")}, got ${describe(how)}`);
  }
  const every = asked.every ?? defaults.every;
  if (typeof every !== "number" || !(every > 0) || !Number.isFinite(every)) {
    throw new Error(`msg.payload.every: expected minutes above 0, got ${describe(every)}`);
  }
  return { how: how as Aggregate, everyMs: every * 60_000 };
}

function isoOr(ms: number): string {
  return new Date(ms).toISOString();
}
