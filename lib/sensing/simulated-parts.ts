import { resolve } from "node:path";
import type { BusKind } from "../bus";
import type { Disturbance } from "../bus/simulated";
import type { SimulatedPartSpec } from "../drivers";
import { driverOptions, placeOf, placeText } from "./place";

/** A part on a simulated bus, as a row of a table. */
export interface PartRow {
  readonly driver: string;
  readonly place: string;
  readonly options: string;
}

/** What a part measures: which part, by its driver's id or its place, one quantity and its course. */
export interface CourseRow {
  readonly part: string;
  readonly quantity: string;
  readonly source: "constant" | "sine" | "daylight" | "sawtooth" | "square" | "recording";
  readonly value: number;
  readonly amplitude: number;
  /** Seconds. */
  readonly period: number;
  readonly noise: number;
  readonly file: string;
  readonly column: string;
}

/** What goes wrong. Times in seconds since the start. */
export interface FaultRow {
  readonly part: string;
  readonly kind: "spike" | "step" | "drift" | "stuck" | "dropout" | "nack" | "corrupt";
  readonly quantity: string;
  readonly amount: number;
  readonly at: number;
  readonly duration: number;
  /** 0 for once. */
  readonly every: number;
}

export interface PartTables {
  readonly parts: readonly PartRow[];
  readonly courses: readonly CourseRow[];
  readonly faults: readonly FaultRow[];
}

/**
 * The parts of a simulated bus from their tables.
 * @param folder where recordings with relative names are
 * @throws RangeError naming the row
 */
export function partSpecs(kind: BusKind, tables: PartTables, folder: string): SimulatedPartSpec[] {
  const names = (place: string) => [placeText(kind, placeOf(kind, place)), place];
  return rowsOfParts(tables, names).map(({ row, courses, faults }) => ({
    driver: row.driver.trim(),
    ...placeOf(kind, row.place),
    options: driverOptions(row.options),
    values: courseValues(courses),
    ...recordingOf(courses, folder),
    events: faults.map(faultEvent),
  }));
}

export interface RowsOfPart {
  readonly row: PartRow;
  readonly courses: readonly CourseRow[];
  readonly faults: readonly FaultRow[];
}

/**
 * Each part with the rows that name it, by its driver or by one of the ways to write its place.
 * @throws RangeError when a row names no part
 */
export function rowsOfParts(
  { parts, courses, faults }: PartTables,
  placeNames: (place: string) => readonly string[],
): RowsOfPart[] {
  const used = new Set<CourseRow | FaultRow>();
  const rows = parts.map((row) => {
    const names = new Set([row.driver, ...placeNames(row.place.trim())].map((name) => name.trim()));
    const own = <R extends CourseRow | FaultRow>(all: readonly R[]): R[] => {
      const mine = all.filter(({ part }) => names.has(part.trim()));
      for (const one of mine) used.add(one);
      return mine;
    };
    return { row, courses: own(courses), faults: own(faults) };
  });
  const lost = [...courses, ...faults].find((row) => !used.has(row));
  if (lost) throw new RangeError(`there is no part "${lost.part}" in the table of parts: name its driver or its place`);
  return rows;
}

export function courseValues(rows: readonly CourseRow[]): NonNullable<SimulatedPartSpec["values"]> {
  const computed = rows.filter(({ source }) => source !== "recording");
  return Object.fromEntries(
    computed.map((row) => [row.quantity.trim(), { curve: curveOf(row), noise: row.noise, wander: undefined }]),
  );
}

function curveOf({ source, value, amplitude, period }: CourseRow) {
  switch (source) {
    case "sine":
      return { kind: "sine", mean: value, amplitude, period } as const;
    case "daylight":
      return { kind: "daylight", peak: value, period } as const;
    case "sawtooth":
      return { kind: "sawtooth", from: value, to: value + amplitude, period } as const;
    case "square":
      return { kind: "square", low: value, high: value + amplitude, period, duty: 0.5 } as const;
    default:
      return { kind: "constant", value } as const;
  }
}

/** The recording that a part plays, if any. @throws RangeError */
export function recordingOf(rows: readonly CourseRow[], folder: string): Pick<SimulatedPartSpec, "recording"> {
  const recorded = rows.filter(({ source }) => source === "recording");
  const [first] = recorded;
  if (!first) return {};
  const other = recorded.find(({ file }) => file !== first.file);
  if (other) throw new RangeError(`${first.part}: one part plays one recording, got ${first.file} and ${other.file}`);
  if (first.file.trim() === "") throw new RangeError(`${first.part}: expected the file of the recording`);
  const columns = recorded.map(({ quantity, column }) => [quantity.trim(), column.trim() || quantity.trim()]);
  return { recording: { file: resolve(folder, first.file.trim()), columns: Object.fromEntries(columns) } };
}

export function faultEvent({ kind, quantity, amount, at, duration, every }: FaultRow): Disturbance {
  const times = { at, duration, ...(every > 0 ? { every } : {}) };
  switch (kind) {
    case "dropout":
    case "nack":
    case "corrupt":
      return { kind, ...times };
    case "stuck":
      return { kind, sensor: quantity.trim(), ...times };
    default:
      return { kind, sensor: quantity.trim(), amount, ...times };
  }
}
