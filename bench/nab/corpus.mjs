// Reads a corpus in NAB's layout: DIR/data/CATEGORY/FILE.csv with timestamp and value, DIR/labels/combined_windows.json.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** All series under DIR/data in the order of their names. */
export function readCorpus(dir) {
  const data = join(dir, "data");
  if (!existsSync(data))
    throw new Error(`${data}: expected a directory with one folder of CSV files for each category`);
  const categories = readdirSync(data).filter((name) => statSync(join(data, name)).isDirectory());
  return categories.sort().flatMap((category) => {
    const names = readdirSync(join(data, category)).filter((name) => name.endsWith(".csv"));
    return names.sort().map((name) => ({ category, name, ...readSeries(join(data, category, name)) }));
  });
}

/** Columns of one file, also as the texts they came as, which the results repeat. */
function readSeries(path) {
  const [header, ...lines] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim());
  const [timeAt, valueAt] = ["timestamp", "value"].map((name) => {
    const at = columns.indexOf(name);
    if (at < 0) throw new Error(`${path}: expected columns timestamp and value, got ${header}`);
    return at;
  });
  const stamps = [];
  const texts = [];
  const times = new Float64Array(lines.length);
  const values = new Float64Array(lines.length);
  lines.forEach((line, i) => {
    const cells = line.split(",");
    stamps.push(cells[timeAt]);
    texts.push(cells[valueAt]);
    times[i] = timeOf(cells[timeAt]);
    values[i] = cells[valueAt]?.trim() ? Number(cells[valueAt]) : Number.NaN;
    if (Number.isNaN(times[i]) || Number.isNaN(values[i])) {
      throw new Error(`${path}, line ${i + 2}: expected a timestamp and a number, got "${line}"`);
    }
  });
  return { stamps, texts, times, values };
}

/** ms since the epoch; the corpus names no time zone, and all of it is read as UTC. */
function timeOf(text) {
  return Date.parse(`${text.trim().replace(" ", "T").slice(0, 23)}Z`);
}

/**
 * Windows of each file as rows, by CATEGORY/NAME; undefined where the corpus has no labels, and no entry for files that the
 * labels do not name.
 */
export function readWindows(dir, files) {
  const path = join(dir, "labels/combined_windows.json");
  if (!existsSync(path)) return undefined;
  const labels = new Map(Object.entries(JSON.parse(readFileSync(path, "utf8"))));
  const windows = new Map();
  for (const file of files) {
    const key = `${file.category}/${file.name}`;
    const ranges = labels.get(key);
    if (ranges)
      windows.set(
        key,
        ranges.map((range) => rowsOf(range, file, key)),
      );
  }
  return windows;
}

function rowsOf([from, to], { times }, key) {
  const [first, last] = [times.indexOf(timeOf(from)), times.indexOf(timeOf(to))];
  if (first < 0 || last < first) throw new Error(`${key}: the window ${from} to ${to} is not in the file's timestamps`);
  return { first, last };
}
