import type { Reading, ReadingValue } from "../reading";
import type { HistoryQuery } from "../store/contract";

/** A source of recorded readings: the embedded store or a time-series database. */
export interface HistorySource {
  /**
   * Readings of one series, or of every sensor of a device, in time order, each marked `historical`.
   * @throws Error when the source cannot be read
   */
  query(query: HistoryQuery): Promise<readonly Reading[]>;
  close(): void;
}

export const DEFAULT_LIMIT = 10_000;

/** A reading that was written with a value and comes back with none had this one: 2.x answers CSV, where it is nothing. */
const EMPTY_TEXT = "";

/** One point as a query returns it: the time, the fields and the tags by name. */
export type Row = ReadonlyMap<string, unknown>;

/** A reading of what was written by LineEncoder; undefined for rows that are not, such as those of another writer. */
export function readingFromRow(row: Row): Reading | undefined {
  const deviceId = row.get("device_id");
  const sensor = row.get("sensor_type");
  const timestamp = timeOf(row.get("time"));
  if (typeof deviceId !== "string" || typeof sensor !== "string" || timestamp === undefined) return undefined;
  const stored = row.get("quality");
  const quality = stored === "uncertain" || stored === "bad" ? stored : "good";
  const value = storedValue(row) ?? (stored === "good" || stored === "uncertain" ? EMPTY_TEXT : null);
  if (value === null && quality !== "bad") return undefined;
  const unit = row.get("unit");
  const seq = row.get("seq");
  const metadata = metadataOf(row);
  return {
    deviceId,
    sensor,
    value,
    unit: typeof unit === "string" ? unit : "",
    timestamp,
    quality,
    ...(isPresent(seq) && Number.isSafeInteger(Number(seq)) ? { seq: Number(seq) } : {}),
    historical: true,
    ...(metadata ? { metadata } : {}),
  };
}

/** Readings of rows in any order: in time order, and no more than the query wants. */
export function readingsFromRows(rows: Iterable<Row>, { limit = DEFAULT_LIMIT, order }: HistoryQuery): Reading[] {
  const readings: Reading[] = [];
  for (const row of rows) {
    const reading = readingFromRow(row);
    if (reading) readings.push(reading);
  }
  readings.sort((a, b) => a.timestamp - b.timestamp);
  return order === "newest" ? readings.slice(-limit) : readings.slice(0, limit);
}

function storedValue(row: Row): ReadingValue {
  const number = row.get("value");
  if (isPresent(number) && Number.isFinite(Number(number))) return Number(number);
  const flag = row.get("value_bool");
  if (isPresent(flag)) return flag === true || flag === "true";
  const text = row.get("value_text");
  return typeof text === "string" ? text : null;
}

function isPresent(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "";
}

function metadataOf(row: Row): Record<string, string> | undefined {
  let metadata: Record<string, string> | undefined;
  for (const [name, value] of row) {
    if (!name.startsWith("meta_") || typeof value !== "string" || value === "") continue;
    metadata ??= Object.create(null) as Record<string, string>;
    metadata[name.slice(5)] = value;
  }
  return metadata;
}

/**
 * Milliseconds from an RFC 3339 time with up to nine decimals and with or without "Z". Rounded to microseconds, which
 * takes away the nanoseconds that kept readings of one millisecond apart.
 */
export function timeOf(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)?$/.exec(text);
  if (!match) return undefined;
  const seconds = Date.parse(`${match[1]?.replace(" ", "T")}Z`);
  const microseconds = Math.round(Number(`0.${match[2] ?? "0"}`) * 1e6);
  return Number.isNaN(seconds) ? undefined : seconds + microseconds / 1000;
}

/** First and last whole seconds that all InfluxDB versions accept in a query, ms. */
const EARLIEST_MS = Date.parse("1678-01-01T00:00:00Z");
const LATEST_MS = Date.parse("2262-01-01T00:00:00Z");

/** RFC 3339 of a time in ms for a query; what is open or beyond InfluxDB's years becomes their bound. */
export function isoTime(ms: number): string {
  return new Date(Math.min(Math.max(ms, EARLIEST_MS), LATEST_MS)).toISOString();
}

/** The half-open span of a query as two RFC 3339 times. */
export function isoSpan({ from, to }: HistoryQuery): { from: string; to: string } {
  return { from: isoTime(from ?? EARLIEST_MS), to: isoTime(to ?? LATEST_MS) };
}
