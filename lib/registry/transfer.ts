import { describe } from "../reading";
import { checkFields, checkId } from "./check";
import { readCsv, toCsv } from "./csv";
import { type Device, RegistryError } from "./device";
import type { ImportProblem, ImportRow } from "./import-row";
import type { DeviceFilter } from "./list";
import type { Registry } from "./registry";

export type TransferFormat = "csv" | "json";

/** What becomes of a device in an import that is registered already. */
export type Existing = "refuse" | "update" | "skip";

export interface ImportOptions {
  /** Found out from the text when left out: JSON begins with [ or {. */
  readonly format?: TransferFormat;
  /** "refuse" by default: it is reported as a problem. */
  readonly existing?: Existing;
  /** Checks everything and changes nothing. */
  readonly dryRun?: boolean;
}

export interface ImportResult {
  readonly registered: number;
  readonly updated: number;
  readonly skipped: number;
  /** What was not imported, by line of the CSV or position in the JSON list, each counted from 1. */
  readonly problems: readonly ImportProblem[];
}

const MAX_CHARACTERS = 64 * 1024 * 1024;
/** Devices imported between two turns of the event loop. */
const SLICE = 2000;

/** Every device that matches, as CSV or JSON text that importDevices reads again. */
export function exportDevices(registry: Registry, format: TransferFormat, filter: DeviceFilter = {}): string {
  const devices = registry.find(filter);
  return format === "csv" ? toCsv(devices) : JSON.stringify([...devices], null, 2);
}

/**
 * Registers the devices of a CSV or JSON text, or of a list that was parsed already. What is wrong with one device is
 * reported for its line and does not keep the others out.
 * @throws RegistryError "invalid" when the whole is no list of devices
 */
export async function importDevices(
  registry: Registry,
  source: unknown,
  { format, existing = "refuse", dryRun = false }: ImportOptions = {},
): Promise<ImportResult> {
  const { rows, problems } = await readRows(source, format);
  const counts = { registered: 0, updated: 0, skipped: 0 };
  const lines = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    try {
      counts[importRow(registry, row, lines, existing, dryRun)] += 1;
    } catch (error) {
      problems.push({ line: row.line, problem: error instanceof Error ? error.message : String(error) });
    }
    if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  return { ...counts, problems: problems.sort((a, b) => a.line - b.line) };
}

function importRow(
  registry: Registry,
  { line, id, fields }: ImportRow,
  lines: Map<string, number>,
  existing: Existing,
  dryRun: boolean,
): "registered" | "updated" | "skipped" {
  const before = lines.get(id);
  if (before !== undefined) throw new RegistryError("invalid", `device ${describe(id)} is already in line ${before}`);
  lines.set(id, line);
  if (!registry.has(id)) {
    if (!dryRun) registry.register(id, fields);
    return "registered";
  }
  if (existing === "refuse") {
    throw new RegistryError("already-registered", `device ${describe(id)} is already registered`);
  }
  if (existing === "skip") return "skipped";
  // A status in a file is that of another time; only maintenance is a decision that still holds.
  const { status, ...told } = fields;
  if (!dryRun) registry.update(id, status === "maintenance" ? fields : told);
  return "updated";
}

async function readRows(
  source: unknown,
  format: TransferFormat | undefined,
): Promise<{ rows: ImportRow[]; problems: ImportProblem[] }> {
  if (typeof source !== "string" && !(source instanceof Uint8Array)) return readJson(source);
  const text = typeof source === "string" ? source : new TextDecoder().decode(source);
  if (text.length > MAX_CHARACTERS) {
    throw new RegistryError("invalid", `expected at most ${MAX_CHARACTERS} characters, got ${text.length}`);
  }
  return (format ?? formatOf(text)) === "csv" ? readCsv(text) : readJson(parseJson(text));
}

function formatOf(text: string): TransferFormat {
  return /^\uFEFF?\s*[[{]/.test(text) ? "json" : "csv";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new RegistryError("invalid", `expected JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function readJson(source: unknown): { rows: ImportRow[]; problems: ImportProblem[] } {
  const list = Array.isArray(source) ? source : (source as { devices?: unknown } | null | undefined)?.devices;
  if (!Array.isArray(list)) throw new RegistryError("invalid", `expected a list of devices, got ${describe(source)}`);
  const rows: ImportRow[] = [];
  const problems: ImportProblem[] = [];
  for (const [index, item] of list.entries()) {
    try {
      const fields = checkFields(item);
      rows.push({ line: index + 1, id: checkId((item as Device).id), fields });
    } catch (error) {
      problems.push({ line: index + 1, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { rows, problems };
}
