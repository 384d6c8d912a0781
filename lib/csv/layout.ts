import { checkSensor, isPrototypeKey } from "../reading";
import { CsvError, type CsvOptions, type TimestampFormat } from "./contract";
import { detectFormat, type ParseTimestamp, timestampParser } from "./timestamps";
import { isMissing, type Kind, kindOf } from "./values";
import { zoneToUtc } from "./zone";

/** A column that becomes a sensor. */
export interface SensorColumn {
  readonly index: number;
  readonly name: string;
  readonly sensor: string;
  readonly unit: string;
  /** Decided by the first rows, or by the first value when those have none. */
  kind: Kind | undefined;
}

/** What the first rows told about a file. */
export interface Layout {
  /** Cells of every row. */
  readonly width: number;
  readonly hasHeader: boolean;
  /** The column of the time, or those of date and time of day. */
  readonly timeColumns: readonly number[];
  readonly timeColumnNames: string;
  readonly format: TimestampFormat;
  readonly parseTime: ParseTimestamp;
  readonly sensors: readonly SensorColumn[];
}

type Row = readonly string[];

const TIME_OF_DAY = /^\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?$/;
const TIME_NAMES =
  /^(?:time ?stamp|date ?time|date|time|ts|when|datum|zeit|recorded.*|measured.*|.*_(?:time|date|at|ts)|.*timestamp.*)$/i;

/**
 * Finds header, time and sensors from the first rows.
 * @throws CsvError when there is no column of times, or a column that was asked for is not there
 */
export function layoutOf(rows: readonly Row[], options: CsvOptions, decimalComma: boolean): Layout {
  const toUtc = zoneToUtc(options.timeZone ?? "");
  const first = rows[0]!;
  const hasHeader = !first.some((cell) => isData(cell, decimalComma));
  if (hasHeader && rows.length === 1) throw new CsvError("the file has a header and no rows below it");
  const data = hasHeader ? rows.slice(1) : rows;
  const width = data[0]!.length;
  const names = hasHeader ? headerNames(first, width) : data[0]!.map((_, index) => `column${index + 1}`);
  const detect = (columns: readonly number[]) => detectFormat(sampleOf(data, columns), toUtc);

  const timeColumns = options.timestampColumn
    ? namedColumns(options.timestampColumn, names)
    : findTimeColumns(names, data, detect);
  const format = options.timestampFormat ?? detect(timeColumns);
  const timeColumnNames = timeColumns.map((index) => names[index]).join("+");
  if (!format) {
    const example = JSON.stringify(sampleOf(data, timeColumns)[0] ?? "");
    throw new CsvError(`column ${timeColumnNames}: expected times, got ${example}; give the format if it is one`);
  }
  const sensors = sensorColumns(names, timeColumns, options).map((column) => ({
    ...column,
    kind: kindOf(sampleOf(data, [column.index]), decimalComma),
  }));
  if (sensors.length === 0) throw new CsvError("expected at least one column besides the time");
  return { width, hasHeader, timeColumns, timeColumnNames, format, parseTime: timestampParser(format, toUtc), sensors };
}

/** A header holds names; a cell that is a number or a time is data. */
function isData(cell: string, decimalComma: boolean): boolean {
  if (cell.trim() === "") return false;
  return kindOf([cell], decimalComma) === "number" || detectFormat([cell.trim()], (wall) => wall) !== undefined;
}

/** R and others write an index column without a name: the header is then one name shorter than the rows. */
function headerNames(header: Row, width: number): string[] {
  const names = header.length === width - 1 ? ["", ...header] : [...header];
  if (names.length !== width)
    throw new CsvError(`line 1: expected ${width} column names as there are cells below, got ${names.length}`);
  const used = new Map<string, number>();
  return names.map((name) => {
    const trimmed = name.trim();
    const times = (used.get(trimmed) ?? 0) + 1;
    used.set(trimmed, times);
    return times === 1 || trimmed === "" ? trimmed : `${trimmed}.${times}`;
  });
}

function sampleOf(data: readonly Row[], columns: readonly number[]): string[] {
  return data.map((row) => joined(row, columns)).filter((cell) => !isMissing(cell));
}

/** A row's time as one text; date and time of day are put together. */
export function joined(row: Row, columns: readonly number[]): string {
  return columns.length === 1
    ? (row[columns[0]!] ?? "").trim()
    : columns.map((index) => (row[index] ?? "").trim()).join(" ");
}

function namedColumns(wanted: string, names: readonly string[]): number[] {
  const index = names.indexOf(wanted.trim());
  return index >= 0 ? [index] : wanted.split("+").map((name) => columnIndex(name, names));
}

function columnIndex(wanted: string, names: readonly string[]): number {
  const name = wanted.trim();
  const exact = names.indexOf(name);
  const index = exact >= 0 ? exact : names.findIndex((other) => other.toLowerCase() === name.toLowerCase());
  if (index >= 0) return index;
  throw new CsvError(`column ${JSON.stringify(name)}: there is none; the file has ${names.filter(Boolean).join(", ")}`);
}

/** Columns whose name says time go first, then dates, then plain numbers, which many columns hold by chance. */
function findTimeColumns(
  names: readonly string[],
  data: readonly Row[],
  detect: (columns: readonly number[]) => TimestampFormat | undefined,
): number[] {
  const candidates = names
    .map((name, index) => ({ index, named: TIME_NAMES.test(name), format: detect([index]) }))
    .filter(({ format }) => format !== undefined);
  const isDate = ({ format }: { format: TimestampFormat | undefined }) =>
    format !== "seconds" && format !== "milliseconds";
  const best =
    candidates.find((one) => one.named && isDate(one)) ??
    candidates.find(isDate) ??
    candidates.find((one) => one.named) ??
    candidates[0];
  if (!best) throw new CsvError("expected a column of times, found none; name it and give its format");
  const dateOnly = sampleOf(data, [best.index]).every((cell) => !cell.includes(":")) && isDate(best);
  const timeOfDay = names.findIndex((_, index) => {
    const cells = sampleOf(data, [index]);
    return cells.length > 0 && cells.every((cell) => TIME_OF_DAY.test(cell));
  });
  return dateOnly && timeOfDay >= 0 && detect([best.index, timeOfDay]) ? [best.index, timeOfDay] : [best.index];
}

function sensorColumns(
  names: readonly string[],
  timeColumns: readonly number[],
  options: CsvOptions,
): Omit<SensorColumn, "kind">[] {
  const wanted = options.columns?.length ? new Set(options.columns.map((name) => columnIndex(name, names))) : undefined;
  const units = new Map(Object.entries(options.units ?? {}).map(([name, unit]) => [columnIndex(name, names), unit]));
  return names
    .map((name, index) => ({ index, name, sensor: name, unit: units.get(index) ?? "1" }))
    .filter(({ index, name }) => name !== "" && !timeColumns.includes(index) && (wanted?.has(index) ?? true))
    .map((column) => ({ ...column, sensor: sensorName(column.name) }));
}

/** What a sensor's name may not contain becomes "_". */
function sensorName(column: string): string {
  if (isPrototypeKey(column)) throw new CsvError(`line 1: the column name "${column}" is reserved`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it replaces
  return checkSensor(column.replace(/[+#\u0000-\u001f\u007f]/g, "_").slice(0, 256));
}
