/**
 * InfluxDB line protocol, as its reference describes it:
 * https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/ (the same for 2.x and 3.x).
 */

/** First and last nanosecond that InfluxDB can store, in whole milliseconds: years 1677 and 2262. */
const MIN_MS = -9_223_372_036_854;
const MAX_MS = 9_223_372_036_853;
const NS_PER_MS = 1_000_000;

/** A reading that line protocol cannot carry, and why. */
export class LineProtocolError extends Error {
  override readonly name = "LineProtocolError";
}

/** Escapes a measurement: comma and space. */
export function escapeMeasurement(name: string): string {
  return name.replace(/[, ]/g, "\\$&");
}

/** Escapes a tag key, a tag value or a field key: comma, equals sign and space. */
export function escapeTag(text: string): string {
  return text.replace(/[,= ]/g, "\\$&");
}

/**
 * Quotes a string field value: double quote and backslash are escaped. Line protocol ends a line at every line break,
 * so those of the text are written as the two characters \n or \r.
 */
export function quoteField(text: string): string {
  return `"${text.replace(/["\\\n\r]/g, escapeFieldCharacter)}"`;
}

function escapeFieldCharacter(character: string): string {
  if (character === "\n") return "\\\\n";
  return character === "\r" ? "\\\\r" : `\\${character}`;
}

/**
 * Checks a tag value that identifies a series and returns it escaped. Refused is what the servers would read as another
 * value: control characters, and a backslash at the end or before a comma, equals sign or space.
 * @throws LineProtocolError
 */
export function identifyingTag(name: string, value: string): string {
  if (UNSAFE_IN_TAG.test(value)) {
    throw new LineProtocolError(
      `${name}: InfluxDB cannot store a control character, or a backslash at the end or before a comma, = or space, ` +
        `as in ${JSON.stringify(value.slice(0, 40))}`,
    );
  }
  return escapeTag(value);
}

/** The same for a tag that only describes: what cannot be stored becomes a space or a slash. */
export function describingTag(value: string): string {
  return escapeTag(value.replace(CONTROL, " ").replace(UNSAFE_BACKSLASH, "/"));
}

const CONTROL = /\p{Cc}/gu;
const UNSAFE_BACKSLASH = /\\(?=[,= ]|$)/g;
const UNSAFE_IN_TAG = /\p{Cc}|\\(?=[,= ]|$)/u;

/** A timestamp split at the millisecond: whole milliseconds since the epoch, and nanoseconds 0 to 999 999 after. */
export interface SplitTime {
  readonly ms: number;
  readonly ns: number;
}

/**
 * Splits a reading's timestamp, which may carry fractions of a millisecond.
 * @throws LineProtocolError outside the years 1677 to 2262
 */
export function splitTime(timestamp: number): SplitTime {
  if (!(timestamp >= MIN_MS && timestamp <= MAX_MS)) {
    throw new LineProtocolError(`timestamp: InfluxDB stores the years 1677 to 2262, got ${timestamp} ms`);
  }
  const ms = Math.floor(timestamp);
  return { ms, ns: Math.min(Math.round((timestamp - ms) * NS_PER_MS), NS_PER_MS - 1) };
}

/** Nanoseconds since the epoch in decimal. Numbers cannot hold them, so the digits are put together. */
export function formatNanoseconds(ms: number, ns: number): string {
  if (ms <= 0) return String(BigInt(ms) * 1_000_000n + BigInt(ns));
  if (ns === 0) return `${ms}000000`;
  return `${ms}${String(ns).padStart(6, "0")}`;
}

/** Milliseconds since the epoch, with fractions, from nanoseconds in decimal. */
export function millisecondsFrom(nanoseconds: string): number {
  const exact = BigInt(nanoseconds);
  const ms = exact / 1_000_000n;
  return Number(ms) + Number(exact - ms * 1_000_000n) / NS_PER_MS;
}

export interface LineParts {
  /** Measurement and tags, escaped: what identifies the series. */
  readonly series: string;
  readonly fields: string;
  readonly ms: number;
  readonly ns: number;
}

/** Takes one line of ours apart again; undefined for what is not one. */
export function splitLine(line: string): LineParts | undefined {
  const seriesEnd = unescapedSpace(line);
  const timeStart = line.lastIndexOf(" ");
  if (seriesEnd < 0 || timeStart <= seriesEnd) return undefined;
  const time = line.slice(timeStart + 1);
  if (!/^-?\d{1,19}$/.test(time)) return undefined;
  const nanoseconds = BigInt(time);
  const ns = ((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return {
    series: line.slice(0, seriesEnd),
    fields: line.slice(seriesEnd + 1, timeStart),
    ms: Number((nanoseconds - ns) / 1_000_000n),
    ns: Number(ns),
  };
}

function unescapedSpace(line: string): number {
  let at = line.indexOf(" ");
  while (at > 0 && line.charCodeAt(at - 1) === 92) at = line.indexOf(" ", at + 1);
  return at;
}
