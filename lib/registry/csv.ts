import { checkFields, checkId, FIELD_NAMES } from "./check";
import { type Device, RegistryError } from "./device";
import type { ImportProblem, ImportRow } from "./transfer";

const COLUMNS = ["id", ...FIELD_NAMES];
const TAG_SEPARATOR = ";";
/** Rows parsed between two turns of the event loop. */
const SLICE = 2000;

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
 */
export async function readCsv(text: string): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  const { parse } = await import("csv-parse");
  const parser = parse({ bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
  const rows: ImportRow[] = [];
  const problems: ImportProblem[] = [];
  let columns: readonly string[] | undefined;
  let line = 0;
  parser.end(text);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      // The parser counts to a record's last line; texts of several lines are named by their first.
      line = info.lines - lineBreaksIn(record);
      if (!columns) columns = checkHeader(record);
      else readRow(record, columns, line, rows, problems);
      if ((rows.length + problems.length) % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    problems.push({ line: line + 1, problem: `cannot be read: ${error instanceof Error ? error.message : error}` });
  }
  return { rows, problems };
}

function lineBreaksIn(record: readonly string[]): number {
  return record.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);
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
