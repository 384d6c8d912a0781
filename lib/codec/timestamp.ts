import { checkTimestamp, describe, ReadingError } from "../reading";

/** Numbers below it are seconds: 1e11 s is the year 5138, 1e11 ms is 1973, before there was telemetry in ms. */
const SECONDS_BELOW = 1e11;

// Year, month, day, then optionally hour, minute, second, fraction and zone: the profile of ISO 8601 in RFC 3339, with "T"
// or a space between, seconds and zone optional, a sign for years beyond four digits (ECMA-262, 21.4.1.32).
const ISO =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?[ ]?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;

/** A wall-clock time and how far that clock is from UTC, when the text says so. */
export interface IsoTime {
  /** Milliseconds since the epoch as if the clock stood at UTC. */
  readonly wall: number;
  /** Minutes east of UTC. */
  readonly offset?: number;
}

/** Reads an ISO 8601 date or date and time; undefined when the text is not one, including 30 February. */
export function isoTime(text: string): IsoTime | undefined {
  const match = ISO.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zone] = match;
  const wall = wallTime(+year!, +month!, +day!, +hour, +minute, +second, fraction);
  if (wall === undefined) return undefined;
  return zone === undefined ? { wall } : { wall, offset: zoneOffset(zone) };
}

/** Milliseconds since the epoch of a UTC clock, or undefined when there is no such day or hour. */
export function wallTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  fraction = "",
): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const time = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000;
  return fraction === "" ? time : time + Number(fraction.padEnd(6, "0").slice(0, 6)) / 1000;
}

function zoneOffset(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return zone[0] === "-" ? -minutes : minutes;
}

/**
 * A timestamp as devices send it, in milliseconds since the epoch to a microsecond: a number of seconds or milliseconds
 * (told apart by size), an ISO 8601 string (UTC when it names no zone) or a Date.
 * @throws ReadingError
 */
export function wireTimestamp(timestamp: unknown, path = "timestamp"): number {
  if (typeof timestamp === "number") {
    if (timestamp >= SECONDS_BELOW || timestamp <= -SECONDS_BELOW) return checkTimestamp(timestamp, path);
    return checkTimestamp(secondsToMs(timestamp), path);
  }
  if (typeof timestamp === "string") {
    const iso = isoTime(timestamp);
    if (iso) return iso.wall - (iso.offset ?? 0) * 60_000;
  }
  if (timestamp instanceof Date) return checkTimestamp(timestamp.getTime(), path);
  throw new ReadingError(
    `expected seconds or milliseconds since 1970 or an ISO 8601 time, got ${describe(timestamp)}`,
    path,
  );
}

/** From here on (the year 2106) a double's seconds do not tell microseconds apart. */
const COARSE_FROM = 2 ** 32;

/** Seconds to milliseconds: exact to the microsecond until 2106, to the millisecond after it. */
export function secondsToMs(seconds: number): number {
  return Math.abs(seconds) < COARSE_FROM ? Math.round(seconds * 1e6) / 1e3 : Math.round(seconds * 1e3);
}

/** The form that `wireTimestamp` reads back as the same time: the number itself, or ISO 8601 where it would pass for seconds. */
export function toWireTimestamp(ms: number): number | string {
  if (ms >= SECONDS_BELOW || ms <= -SECONDS_BELOW) return ms;
  const whole = Math.floor(ms);
  const micros = Math.round((ms - whole) * 1000);
  const text = new Date(whole).toISOString();
  return micros === 0 ? text : text.replace("Z", `${String(micros).padStart(3, "0")}Z`);
}
