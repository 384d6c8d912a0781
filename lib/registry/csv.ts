import type { Transform } from "node:stream";
import { checkFields, checkId, FIELD_NAMES } from "./check";
import { type Device, RegistryError } from "./device";
import type { ImportProblem, ImportRow } from "./import-row";

const COLUMNS = ["id", ...FIELD_NAMES];
const TAG_SEPARATOR = ";";
/** Characters parsed between two turns of the event loop. */
const PIECE = 65_536;

/** Devices as CSV by RFC 4180: a header, CRLF, quotes where needed; tags with ";" between them, configuration as JSON. */
export function toCsv(devices: Iterable<Device>): string {
  const lines = [COLUMNS.join(",")];
  for (const device of devices) lines.push(COLUMNS.map((column) => quoted(cellOf(device, column))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

function cellOf(device: Device, column: string): string {
  const value = device[column as keyof Device];
  if (value === undefined) return "";
  if (column === "tags") return device.tags.join(TAG_SEPARATOR);
  if (column === "configuration") return Object.keys(device.configuration).length > 0 ? JSON.stringify(value) : "";
  return String(value);
}

function quoted(cell: string): string {
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * Reads devices from CSV. The first line names the columns, in any order; only "id" is needed. Every line that cannot
 * be read is a problem with its line number, and the others go on.
 * @throws RegistryError "invalid" when the header is not one of devices
 */
export async function readCsv(text: string): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  const rows: ImportRow[] = [];
  const problems: ImportProblem[] = [];
  let columns: readonly string[] | undefined;
  await parseCsv(text, (record, line) => {
    if (!columns) columns = checkHeader(record);
    else readRow(record, columns, line, rows, problems);
  }).catch((error: unknown) => {
    if (!(error instanceof BrokenCsv)) throw error;
    problems.push({ line: error.line, problem: `cannot be read: ${error.message}` });
  });
  checkHeader(columns ?? []);
  return { rows, problems };
}

/** The text breaks off inside a record, or it cannot be told where a record ends. */
class BrokenCsv extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** Calls `take` with each record and the line it begins in, counted from 1. */
async function parseCsv(text: string, take: (record: readonly string[], line: number) => void): Promise<void> {
  const { parse } = await import("csv-parse");
  const lines = new LineCount();
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    on_record: (record: string[], { lines: counted }) => {
      take(record, lines.beginOf(record, counted));
      return null;
    },
  });
  await new Promise<void>((resolve, reject) => {
    parser.on("error", (error) =>
      reject(error instanceof RegistryError ? error : new BrokenCsv(error.message, lines.next)),
    );
    parser.on("end", resolve);
    parser.resume();
    void feed(parser, text).catch(reject);
  });
}

/** In pieces, so that a large file does not hold up the flow. */
async function feed(parser: Transform, text: string): Promise<void> {
  for (let start = 0; start < text.length && !parser.destroyed; start += PIECE) {
    parser.write(text.slice(start, start + PIECE));
    await new Promise((resolve) => setImmediate(resolve));
  }
  parser.end();
}

/** csv-parse counts the lines up to the end of a record, and a line break of two characters inside quotes twice. */
class LineCount {
  #countedTwice = 0;
  /** The line after the last record. */
  next = 1;

  beginOf(record: readonly string[], counted: number): number {
    let breaks = 0;
    for (const cell of record) {
      breaks += cell.split("\n").length - 1;
      this.#countedTwice += cell.split("\r\n").length - 1;
    }
    const end = counted - this.#countedTwice;
    this.next = end + 1;
    return end - breaks;
  }
}

function checkHeader(header: readonly string[]): readonly string[] {
  const columns = header.map((name) => name.trim());
  const known = [...COLUMNS, "lastSeen", "registered"];
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new RegistryError("invalid", `line 1: no such column "${unknown}"; expected some of ${COLUMNS.join(", ")}`);
  }
  if (!columns.includes("id")) throw new RegistryError("invalid", `line 1: expected a header with a column "id"`);
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new RegistryError("invalid", `line 1: the column "${twice}" is there twice`);
  return columns;
}

function readRow(
  record: readonly string[],
  columns: readonly string[],
  line: number,
  rows: ImportRow[],
  problems: ImportProblem[],
): void {
  try {
    if (record.length !== columns.length) {
      throw new RegistryError("invalid", `expected ${columns.length} columns, got ${record.length}`);
    }
    const raw: Record<string, unknown> = {};
    columns.forEach((column, index) => {
      const cell = record[index] ?? "";
      if (cell !== "") raw[column] = parseCell(column, cell);
    });
    rows.push({ line, id: checkId(raw.id), fields: checkFields(raw) });
  } catch (error) {
    problems.push({ line, problem: error instanceof Error ? error.message : String(error) });
  }
}

function parseCell(column: string, cell: string): unknown {
  switch (column) {
    case "tags":
      return cell
        .split(TAG_SEPARATOR)
        .map((tag) => tag.trim())
        .filter((tag) => tag !== "");
    case "battery":
    case "offlineAfter":
      // Text that is no number goes on as text, for the check to say what was expected.
      return Number.isFinite(Number(cell)) ? Number(cell) : cell;
    case "configuration":
      try {
        return JSON.parse(cell);
      } catch {
        throw new RegistryError(
          "invalid",
          `configuration: expected a JSON object, got ${JSON.stringify(cell.slice(0, 40))}`,
        );
      }
    default:
      return cell;
  }
}
