import type { Reading } from "../reading";

/** How the times of a file are written; `dmy`, `mdy` and `ymd` take any of / . - between, and a time of day or none. */
export type TimestampFormat = "iso" | "seconds" | "milliseconds" | "dmy" | "mdy" | "ymd";

export interface CsvOptions {
  readonly deviceId: string;
  /** Name of the column with the time, or two joined by "+" for a date and a time of day; found by name and content when missing. */
  readonly timestampColumn?: string;
  /** Found from the first rows when missing. */
  readonly timestampFormat?: TimestampFormat;
  /** IANA name of the zone of times that name none; UTC when missing. */
  readonly timeZone?: string;
  /** Names of the columns to read; all when missing or empty. */
  readonly columns?: readonly string[];
  /** UCUM codes by column name; "1" for the others. */
  readonly units?: Readonly<Record<string, string>>;
}

/** The readings of one line, all of one time. A cell without a value gives no reading. */
export interface CsvRow {
  readonly line: number;
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly readings: readonly Reading[];
}

/** What could not be read, and where. */
export interface CsvProblem {
  readonly line: number;
  /** Column name; missing when the line as a whole is meant. */
  readonly column?: string;
  readonly reason: string;
}

/** Some consecutive rows, and what was wrong among them. */
export interface CsvChunk {
  readonly rows: readonly CsvRow[];
  readonly problems: readonly CsvProblem[];
}

/** A file that cannot be read as a time series at all. */
export class CsvError extends Error {
  override readonly name = "CsvError";
}

/** "line 17, column Temperature: expected a number, got "abc"". */
export function problemText({ line, column, reason }: CsvProblem): string {
  return column === undefined ? `line ${line}: ${reason}` : `line ${line}, column ${column}: ${reason}`;
}
