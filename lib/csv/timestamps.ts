import { isoTime, secondsToMs, wallTime } from "../codec/timestamp";
import { CsvError, type TimestampFormat } from "./contract";
import { MAJORITY } from "./values";
import type { ToUtc } from "./zone";

/** Milliseconds since the epoch, or undefined when the cell is not a time of this format. */
export type ParseTimestamp = (cell: string) => number | undefined;

// Three numbers, then optionally a time of day with seconds, fraction and AM or PM.
const DATE =
  /^(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?:[ T,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([AaPp])\.?[Mm]\.?)?)?$/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** Which of the three numbers is year, month and day. */
const ORDERS = { dmy: [3, 2, 1], mdy: [3, 1, 2], ymd: [1, 2, 3] } as const;

/** 2001 to 2100: what a column of plain numbers must lie in to be taken for times without being told. */
const PLAUSIBLE = { from: 978_307_200_000, to: 4_102_444_800_000 };

export function timestampParser(format: TimestampFormat, toUtc: ToUtc): ParseTimestamp {
  switch (format) {
    case "iso":
      return (cell) => {
        const time = isoTime(cell);
        return time && (time.offset === undefined ? toUtc(time.wall) : time.wall - time.offset * 60_000);
      };
    case "seconds":
      return (cell) => (NUMBER.test(cell) ? secondsToMs(Number(cell)) : undefined);
    case "milliseconds":
      return (cell) => (NUMBER.test(cell) ? Number(cell) : undefined);
    default:
      return (cell) => parseDate(cell, ORDERS[format], toUtc);
  }
}

function parseDate(
  cell: string,
  [year, month, day]: readonly [number, number, number],
  toUtc: ToUtc,
): number | undefined {
  const match = DATE.exec(cell);
  if (!match) return undefined;
  const hour = hourOfDay(Number(match[4] ?? 0), match[8]?.toLowerCase());
  const fullYear = yearOf(match[year]!, year === 1);
  if (hour === undefined || fullYear === undefined) return undefined;
  const [, , , , , minute = "0", second = "0", fraction = ""] = match;
  const wall = wallTime(
    fullYear,
    Number(match[month]),
    Number(match[day]),
    hour,
    Number(minute),
    Number(second),
    fraction,
  );
  return wall === undefined ? undefined : toUtc(wall);
}

/** Four digits, or two of this century; a date that begins with two digits does not begin with the year. */
function yearOf(digits: string, first: boolean): number | undefined {
  if (digits.length === 4) return Number(digits);
  return digits.length === 2 && !first ? 2000 + Number(digits) : undefined;
}

function hourOfDay(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (half === "p" ? 12 : 0);
}

/**
 * The format that nearly all cells fit, or undefined. Where day and month could be either, the one wins that fits more
 * cells, then the one that gives ascending times, then the day first.
 */
export function detectFormat(cells: readonly string[], toUtc: ToUtc): TimestampFormat | undefined {
  const fits = (["iso", "ymd", "dmy", "mdy"] as const)
    .map((format) => ({ format, times: timesOf(cells, format, toUtc) }))
    .filter(({ times }) => isMajority(times, cells));
  const most = Math.max(...fits.map(({ times }) => times.length));
  const best = fits.filter(({ times }) => times.length === most);
  const chosen = best.find(({ times }) => isAscending(times)) ?? best[0];
  return chosen?.format ?? detectNumeric(cells, toUtc);
}

function detectNumeric(cells: readonly string[], toUtc: ToUtc): TimestampFormat | undefined {
  return (["seconds", "milliseconds"] as const).find((format) => {
    const times = timesOf(cells, format, toUtc);
    const plausible = times.every((time) => time >= PLAUSIBLE.from && time < PLAUSIBLE.to);
    return isMajority(times, cells) && plausible && isAscending(times);
  });
}

function timesOf(cells: readonly string[], format: TimestampFormat, toUtc: ToUtc): number[] {
  return cells.map(timestampParser(format, toUtc)).filter((time) => time !== undefined);
}

function isMajority(times: readonly number[], cells: readonly string[]): boolean {
  return times.length > 0 && times.length >= cells.length * MAJORITY;
}

function isAscending(times: readonly number[]): boolean {
  return times.every((time, index) => index === 0 || time >= times[index - 1]!);
}

const NAMED: Readonly<Record<string, TimestampFormat>> = {
  iso: "iso",
  s: "seconds",
  seconds: "seconds",
  ms: "milliseconds",
  milliseconds: "milliseconds",
  dmy: "dmy",
  mdy: "mdy",
  ymd: "ymd",
};

/**
 * A format as people write it: one of the names, or a pattern such as "DD/MM/YYYY HH:mm", of which the order counts.
 * "auto" and "" are undefined. @throws CsvError
 */
export function formatByName(name: string): TimestampFormat | undefined {
  const wanted = name.trim().toLowerCase();
  if (wanted === "" || wanted === "auto") return undefined;
  if (Object.hasOwn(NAMED, wanted)) return NAMED[wanted];
  const order = /^(d+|m+|y+)[/.-](d+|m+|y+)[/.-](d+|m+|y+)/
    .exec(wanted)
    ?.slice(1)
    .map((part) => part[0])
    .join("");
  if (order === "dmy" || order === "mdy" || order === "ymd") return order;
  throw new CsvError(
    `timestamp format: expected auto, iso, seconds, milliseconds or a pattern like DD/MM/YYYY, got ${JSON.stringify(name)}`,
  );
}
