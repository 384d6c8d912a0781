// Reads a corpus in NAB's layout: DIR/data/CATEGORY/FILE.csv with timestamp and value, DIR/labels/combined_windows.json.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RowWindow } from "./scoring.mts";

/** One file; `stamps` and `texts` are its cells as they came, which the results repeat. */
export interface CorpusFile {
  readonly category: string;
  readonly name: string;
  readonly stamps: readonly string[];
  readonly texts: readonly string[];
  /** ms since the epoch; the corpus names no time zone, and all of it is read as UTC. */
  readonly times: Float64Array;
  /** NaN where the cell is empty or no number. */
  readonly values: Float64Array;
}

/** What could be read, and why the rest could not. */
export interface Corpus {
  readonly files: readonly CorpusFile[];
  /** A line for each file that is left out, with its path. */
  readonly leftOut: readonly string[];
}

/**
 * All series under DIR/data in the order of their names.
 * @throws Error saying what was expected where, when there is no data at all
 */
export function readCorpus(dir: string): Corpus {
  const data = join(dir, "data");
  if (!existsSync(data))
    throw new Error(`${data}: expected a directory with one folder of CSV files for each category`);
  const files: CorpusFile[] = [];
  const leftOut: string[] = [];
  for (const { category, name } of namesIn(data)) {
    try {
      files.push({ category, name, ...readSeries(join(data, category, name)) });
    } catch (error) {
      leftOut.push((error as Error).message);
    }
  }
  if (files.length > 0) return { files, leftOut };
  throw new Error(leftOut[0] ?? `${data}: expected folders with CSV files, found none`);
}

function namesIn(data: string): { category: string; name: string }[] {
  const categories = readdirSync(data).filter((name) => statSync(join(data, name)).isDirectory());
  return categories.sort().flatMap((category) => {
    const names = readdirSync(join(data, category)).filter((name) => name.endsWith(".csv"));
    return names.sort().map((name) => ({ category, name }));
  });
}

function readSeries(path: string): Omit<CorpusFile, "category" | "name"> {
  const [header = "", ...lines] = readFileSync(path, "utf8")
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r?\n/);
  const columns = header.split(",").map(unquoted);
  const [timeAt, valueAt] = [columns.indexOf("timestamp"), columns.indexOf("value")];
  if (timeAt < 0 || valueAt < 0) throw new Error(`${path}: expected columns timestamp and value, got "${header}"`);
  const rows = lines
    .map((line, at) => ({ cells: line.split(","), line: at + 2 }))
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ""));
  const stamps = rows.map(({ cells }) => cells[timeAt] ?? "");
  const texts = rows.map(({ cells }) => cells[valueAt] ?? "");
  const times = Float64Array.from(stamps, timeOf);
  const wrong = times.findIndex(Number.isNaN);
  if (wrong >= 0)
    throw new Error(`${path}, line ${rows[wrong]?.line}: expected a timestamp, got "${unquoted(stamps[wrong] ?? "")}"`);
  return { stamps, texts, times, values: Float64Array.from(texts, numberOf) };
}

function unquoted(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, "$1");
}

const ZONE = /(Z|[+-]\d\d:?\d\d)$/i;

function timeOf(text: string): number {
  const stamp = unquoted(text).replace(" ", "T");
  const zone = ZONE.exec(stamp)?.[0] ?? "";
  // Of fractions of a second milliseconds are enough, and no more of them is a date to every engine.
  return Date.parse(stamp.slice(0, stamp.length - zone.length).slice(0, 23) + (zone || "Z"));
}

function numberOf(text: string): number {
  const cell = unquoted(text);
  return cell === "" ? Number.NaN : Number(cell);
}

/** The key of a file in the labels. */
export function keyOf({ category, name }: CorpusFile): string {
  return `${category}/${name}`;
}

/** Windows of the files that the labels name, as rows, by key, and why some of the labels count for nothing. */
export interface Labels {
  readonly windows: ReadonlyMap<string, readonly RowWindow[]>;
  readonly troubles: readonly string[];
}

/**
 * The labels of a corpus; undefined where it has none.
 * @throws Error when they are no JSON
 */
export function readLabels(dir: string, files: readonly CorpusFile[]): Labels | undefined {
  const path = join(dir, "labels/combined_windows.json");
  if (!existsSync(path)) return undefined;
  const labels = new Map<string, [string, string][]>(Object.entries(parsed(path)));
  const windows = new Map<string, RowWindow[]>();
  const troubles: string[] = [];
  for (const file of files) {
    const key = keyOf(file);
    const ranges = labels.get(key);
    labels.delete(key);
    if (!ranges) continue;
    const found = ranges.map((range) => rowsOf(range, file));
    const absent = ranges[found.indexOf(undefined)];
    if (absent) troubles.push(`${key}: not scored, none of its rows is in the window ${absent.join(" to ")}`);
    else windows.set(key, found as RowWindow[]);
  }
  for (const [key, ranges] of labels) if (ranges.length > 0) troubles.push(`${key}: has labels, and no data`);
  return { windows, troubles };
}

function parsed(path: string): Record<string, [string, string][]> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

/** The rows from a time to another, both included. */
function rowsOf([from, to]: [string, string], { times }: CorpusFile): RowWindow | undefined {
  const [begin, end] = [timeOf(from), timeOf(to)];
  const isIn = (time: number): boolean => time >= begin && time <= end;
  const first = times.findIndex(isIn);
  return first < 0 ? undefined : { first, last: times.findLastIndex(isIn) };
}
