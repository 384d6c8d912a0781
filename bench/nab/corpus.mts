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

/** All series under DIR/data in the order of their names. @throws Error saying what was expected where */
export function readCorpus(dir: string): CorpusFile[] {
  const data = join(dir, "data");
  if (!existsSync(data))
    throw new Error(`${data}: expected a directory with one folder of CSV files for each category`);
  const categories = readdirSync(data).filter((name) => statSync(join(data, name)).isDirectory());
  return categories.sort().flatMap((category) => {
    const names = readdirSync(join(data, category)).filter((name) => name.endsWith(".csv"));
    return names.sort().map((name) => ({ category, name, ...readSeries(join(data, category, name)) }));
  });
}

function readSeries(path: string): Omit<CorpusFile, "category" | "name"> {
  const [header = "", ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim());
  const [timeAt, valueAt] = [columns.indexOf("timestamp"), columns.indexOf("value")];
  if (timeAt < 0 || valueAt < 0) throw new Error(`${path}: expected columns timestamp and value, got ${header}`);
  const rows = lines.map((line) => line.split(","));
  const stamps = rows.map((cells) => cells[timeAt] ?? "");
  const texts = rows.map((cells) => cells[valueAt] ?? "");
  const times = Float64Array.from(stamps, timeOf);
  const wrong = times.findIndex(Number.isNaN);
  if (wrong >= 0) throw new Error(`${path}, line ${wrong + 2}: expected a timestamp, got "${stamps[wrong]}"`);
  return { stamps, texts, times, values: Float64Array.from(texts, numberOf) };
}

function timeOf(text: string): number {
  return Date.parse(`${text.trim().replace(" ", "T").slice(0, 23)}Z`);
}

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}

/** The key of a file in the labels. */
export function keyOf({ category, name }: CorpusFile): string {
  return `${category}/${name}`;
}

/**
 * Windows of the files that the labels name, as rows, by key; undefined where the corpus has no labels.
 * @throws Error naming the window that is not in its file
 */
export function readWindows(dir: string, files: readonly CorpusFile[]): Map<string, RowWindow[]> | undefined {
  const path = join(dir, "labels/combined_windows.json");
  if (!existsSync(path)) return undefined;
  const labels = new Map<string, [string, string][]>(Object.entries(JSON.parse(readFileSync(path, "utf8"))));
  const windows = new Map<string, RowWindow[]>();
  for (const file of files) {
    const ranges = labels.get(keyOf(file));
    if (ranges)
      windows.set(
        keyOf(file),
        ranges.map((range) => rowsOf(range, file)),
      );
  }
  return windows;
}

function rowsOf([from, to]: [string, string], file: CorpusFile): RowWindow {
  const [first, last] = [file.times.indexOf(timeOf(from)), file.times.indexOf(timeOf(to))];
  if (first >= 0 && last >= first) return { first, last };
  throw new Error(`${keyOf(file)}: the window ${from} to ${to} is not in the file's timestamps`);
}
