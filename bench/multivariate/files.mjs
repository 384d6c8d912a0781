// Reads recordings: CSV files of a time column, sensors, and optionally the labels "anomaly" and "changepoint".
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

const LABELS = ["anomaly", "changepoint"];

function csvFiles(directory) {
  const found = readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return csvFiles(path);
    return name.toLowerCase().endsWith(".csv") ? [path] : [];
  });
  return found.sort();
}

/**
 * `{ sensors, rows: [{ time, values: Float64Array }], labels: [0 | 1] | undefined }`; what is no number is NaN.
 * Throws when there is no time column or no sensor.
 */
export function readRecording(text, name) {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const separator = (lines[0] ?? "").includes(";") ? ";" : ",";
  const header = (lines[0] ?? "").split(separator).map((cell) => cell.trim().replace(/^"|"$/g, ""));
  const lower = header.map((cell) => cell.toLowerCase());
  const time = Math.max(
    0,
    lower.findIndex((cell) => /^(datetime|timestamp|time)$/.test(cell)),
  );
  const label = lower.indexOf("anomaly");
  const columns = header.map((_, i) => i).filter((i) => i !== time && !LABELS.includes(lower[i]));
  if (columns.length === 0 || lines.length < 2) throw new Error(`${name}: expected a header with sensors, and rows`);
  const cells = lines.slice(1).map((line) => line.split(separator));
  return {
    sensors: columns.map((i) => header[i]),
    rows: cells.map((row, i) => ({
      time: timeOf(row[time], i),
      values: Float64Array.from(columns, (column) => numberOf(row[column])),
    })),
    labels: label < 0 ? undefined : cells.map((row) => (numberOf(row[label]) >= 0.5 ? 1 : 0)),
  };
}

/** The recordings under a directory, named by their paths in it, and why the others cannot be read. */
export function readDirectory(directory) {
  const recordings = [];
  const leftOut = [];
  for (const path of csvFiles(directory)) {
    try {
      recordings.push({ name: relative(directory, path), ...readRecording(readFileSync(path, "utf8"), path) });
    } catch (error) {
      leftOut.push(error.message);
    }
  }
  return { recordings, leftOut };
}

function numberOf(cell) {
  const value = cell === undefined || cell.trim() === "" ? Number.NaN : Number(cell);
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Milliseconds; times without a zone are taken as UTC. A row without a time comes a second after the one before. */
function timeOf(cell, row) {
  const text = (cell ?? "").trim();
  const parsed = /[zZ]|[+-]\d\d:?\d\d$/.test(text) ? Date.parse(text) : Date.parse(`${text.replace(" ", "T")}Z`);
  return Number.isFinite(parsed) ? parsed : 1000 * row;
}
