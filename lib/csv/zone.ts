import { CsvError } from "./contract";

const DAY = 86_400_000;
/** Offsets change at most at quarters of an hour, so times of one quarter share their offset. */
const QUARTER = 900_000;
const CACHE = 10_000;

/** Turns the wall-clock time of a zone, given as if it were UTC, into milliseconds since the epoch. */
export type ToUtc = (wall: number) => number;

/**
 * A time that a clock shows twice in autumn is taken as the first of the two; one that it skips in spring, as if it had
 * not been put forward: the "compatible" rule of ECMA-262's Temporal and RFC 5545.
 * @param zone IANA name such as "Europe/Berlin"
 * @throws CsvError when there is no such zone
 */
export function zoneToUtc(zone: string): ToUtc {
  if (zone === "" || zone === "UTC") return (wall) => wall;
  const offsetAt = offsets(zone);
  return (wall) => {
    const before = offsetAt(wall - DAY);
    if (offsetAt(wall - before) === before) return wall - before;
    const after = offsetAt(wall + DAY);
    return offsetAt(wall - after) === after ? wall - after : wall - before;
  };
}

/** Milliseconds that the zone is ahead of UTC at a moment. */
function offsets(zone: string): (utc: number) => number {
  const format = formatOf(zone);
  const known = new Map<number, number>();
  return (utc) => {
    const quarter = Math.floor(utc / QUARTER);
    const cached = known.get(quarter);
    if (cached !== undefined) return cached;
    if (known.size >= CACHE) known.clear();
    const offset = offsetOf(format, quarter * QUARTER);
    known.set(quarter, offset);
    return offset;
  };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    throw new CsvError(`time zone: expected an IANA name such as Europe/Berlin, got ${JSON.stringify(zone)}`);
  }
}

function offsetOf(format: Intl.DateTimeFormat, utc: number): number {
  const part = new Map(format.formatToParts(utc).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes) => Number(part.get(type));
  const year = part.get("era")?.startsWith("B") ? 1 - number("year") : number("year");
  const wall = new Date(0);
  wall.setUTCFullYear(year, number("month") - 1, number("day"));
  wall.setUTCHours(number("hour"), number("minute"), number("second"));
  return wall.getTime() - utc;
}
