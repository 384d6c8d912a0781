// The C-MAPSS turbofan files (Saxena et al. 2008): unit, cycle, three settings, 21 sensors, separated by spaces.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const SETTINGS = ["setting1", "setting2", "setting3"];
export const SENSORS = [...SETTINGS, ...Array.from({ length: 21 }, (_, i) => `sensor${i + 1}`)];
const COLUMNS = 2 + SENSORS.length;

/** The units of a file as histories, in their order. */
export function histories(path) {
  const units = new Map();
  lines(path).forEach((line, at) => {
    const numbers = line.split(/\s+/).map(Number);
    if (numbers.length !== COLUMNS || !numbers.every(Number.isFinite)) {
      throw new Error(`${path}, line ${at + 1}: expected ${COLUMNS} numbers separated by spaces`);
    }
    const [unit, , ...values] = numbers;
    if (!units.has(unit)) units.set(unit, []);
    units.get(unit).push(values);
  });
  if (units.size === 0) throw new Error(`${path}: expected rows of ${COLUMNS} numbers, it is empty`);
  return [...units].map(([unit, rows]) => ({
    unit: String(unit),
    rows: { rows: rows.length, columns: SENSORS.length, values: Float64Array.from(rows.flat()) },
  }));
}

/** One number a line; undefined when there is no such file. */
export function truths(path) {
  if (!existsSync(path)) return undefined;
  return lines(path).map((line, at) => {
    const truth = Number(line);
    if (!Number.isFinite(truth)) throw new Error(`${path}, line ${at + 1}: expected a number, got "${line}"`);
    return truth;
  });
}

export function fileOf(directory, name) {
  const path = join(directory, name);
  if (!existsSync(path)) throw new Error(`${path} does not exist: --data names the directory of the C-MAPSS files`);
  return path;
}

function lines(path) {
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Cycles to failure at each cycle of a unit that ran to failure. */
export function cyclesLeft({ rows }) {
  return Float64Array.from({ length: rows.rows }, (_, row) => rows.rows - 1 - row);
}

/** The first `length` cycles. */
export function upTo({ unit, rows }, length) {
  const { columns, values } = rows;
  return { unit, rows: { rows: length, columns, values: values.subarray(0, length * columns) } };
}
