import { CsvError, columnOf, openTable, problemText, type Table } from "../../csv";
import { describe } from "../../reading";
import { type Matrix, TrainingError } from "../data";
import type { History } from "../preprocess";
import type { TrainingJob } from "./contract";

/** Rows of sensors with what is known of each, in the order of the file. */
export interface TrainingTable {
  readonly sensors: readonly string[];
  /** NaN for missing values. */
  readonly values: Matrix;
  /** The unit of each row; all the same without a column for it. */
  readonly units: readonly string[];
  /** Age of each row; the row's number without a column for it. */
  readonly ages: Float64Array;
  /** What is to be foretold of each row, as it is written. */
  readonly targets?: readonly string[];
  readonly notes: readonly string[];
  /** Why what is learned from it should not be relied on. */
  readonly warnings?: readonly string[];
  /** Rows and readings that are not in it though they might have been, by what they are. */
  readonly leftOut?: Readonly<Record<string, number>>;
}

/** Cells that are kept, 400 MB. */
const MAX_VALUES = 50_000_000;
/** Rows from which it is seen which columns are numbers. */
const SAMPLE_ROWS = 50;
const DECIMAL = /^[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?$/;

interface Columns {
  readonly sensors: readonly string[];
  readonly places: readonly number[];
  readonly unit: number;
  readonly age: number;
  readonly target: number;
}

/**
 * Reads a CSV file with a header as a stream.
 * @throws CsvError naming line and column of what cannot be read
 * @throws TrainingError when there is too little or too much to train on
 */
export async function readTrainingTable(
  source: AsyncIterable<Uint8Array>,
  job: Pick<TrainingJob, "sensors" | "settings" | "target" | "unit" | "age">,
): Promise<TrainingTable> {
  const table = await openTable(source);
  const sample: { cells: readonly string[]; line: number }[] = [];
  for (let i = 0; i < SAMPLE_ROWS; i++) {
    const next = await table.lines.next();
    if (next.done) break;
    sample.push(next.value);
  }
  if (sample.length === 0) throw new TrainingError("the file has a header and no rows below it");
  const columns = columnsOf(
    table,
    job,
    sample.map(({ cells }) => cells),
  );
  const rows = new RowReader(table, columns);
  for (const line of sample) rows.push(line);
  for await (const line of table.lines) rows.push(line);
  return rows.done();
}

function columnsOf(
  table: Table,
  { sensors, settings, target, unit, age }: Pick<TrainingJob, "sensors" | "settings" | "target" | "unit" | "age">,
  sample: readonly (readonly string[])[],
): Columns {
  const placeOf = (name: string | undefined): number => (name === undefined ? -1 : columnOf(table, name));
  const own = { unit: placeOf(unit), age: placeOf(age), target: placeOf(target) };
  const isTaken = (place: number): boolean => Object.values(own).includes(place);
  const isNumeric = (place: number): boolean =>
    sample.every((cells) => table.numberIn(cells[place] ?? "") !== undefined) &&
    sample.some((cells) => DECIMAL.test(cells[place]?.trim() ?? ""));
  const places =
    sensors.length > 0
      ? [...new Set([...sensors, ...settings])].map((name) => columnOf(table, name))
      : table.header
          .map((_, place) => place)
          .filter((place) => table.header[place] !== "" && !isTaken(place) && isNumeric(place));
  for (const name of settings) columnOf(table, name);
  const both = places.find(isTaken);
  if (both !== undefined) throw new CsvError(`the column "${table.header[both]}" cannot be a sensor as well`);
  if (places.length === 0) throw new CsvError("no column of numbers is left for the sensors");
  return { ...own, places, sensors: places.map((place) => table.header[place] as string) };
}

/** Takes rows in, and grows as they come. */
class RowReader {
  #values = new Float64Array(1024);
  #ages = new Float64Array(256);
  #rows = 0;
  readonly #units: string[] = [];
  readonly #targets: string[] = [];
  /** One text for all rows of a unit or class, not one a row. */
  readonly #texts = new Map<string, string>();

  constructor(
    private readonly table: Table,
    private readonly columns: Columns,
  ) {}

  push({ cells, line }: { readonly cells: readonly string[]; readonly line: number }): void {
    const { header } = this.table;
    if (cells.length !== header.length) {
      throw new CsvError(problemText({ line, reason: `expected ${header.length} cells, got ${cells.length}` }));
    }
    const { places, unit, age, target } = this.columns;
    this.#grow();
    const start = this.#rows * places.length;
    places.forEach((place, i) => {
      this.#values[start + i] = this.#number(cells, place, line);
    });
    this.#ages[this.#rows] = age < 0 ? this.#rows : this.#age(cells, age, line);
    if (unit >= 0) this.#units.push(this.#text(cells, unit, line));
    if (target >= 0) this.#targets.push(this.#text(cells, target, line));
    this.#rows += 1;
  }

  #grow(): void {
    const width = this.columns.places.length;
    if ((this.#rows + 1) * width > MAX_VALUES) {
      throw new TrainingError(
        `the file has more than ${MAX_VALUES} values: leave out columns, or take every second row`,
      );
    }
    if ((this.#rows + 1) * width > this.#values.length) {
      const larger = new Float64Array(Math.max(this.#values.length * 2, (this.#rows + 1) * width));
      larger.set(this.#values);
      this.#values = larger;
    }
    if (this.#rows === this.#ages.length) {
      const larger = new Float64Array(this.#ages.length * 2);
      larger.set(this.#ages);
      this.#ages = larger;
    }
  }

  #number(cells: readonly string[], place: number, line: number): number {
    const number = this.table.numberIn(cells[place] as string);
    if (number !== undefined) return number;
    return this.#fail(cells, place, line, "expected a number");
  }

  #age(cells: readonly string[], place: number, line: number): number {
    const age = this.#number(cells, place, line);
    return Number.isNaN(age) ? this.#fail(cells, place, line, "expected an age in every row") : age;
  }

  #text(cells: readonly string[], place: number, line: number): string {
    const text = (cells[place] as string).trim();
    if (text === "") this.#fail(cells, place, line, "expected a value in every row");
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }

  #fail(cells: readonly string[], place: number, line: number, expected: string): never {
    const column = this.table.header[place] as string;
    throw new CsvError(problemText({ line, column, reason: `${expected}, got ${describe(cells[place])}` }));
  }

  done(): TrainingTable {
    const [problem] = this.table.problems;
    if (problem) throw new CsvError(problemText(problem));
    const { sensors, unit, target } = this.columns;
    if (this.#rows < 2) throw new TrainingError(`expected at least two rows to train on, got ${this.#rows}`);
    return {
      sensors,
      values: {
        rows: this.#rows,
        columns: sensors.length,
        values: this.#values.slice(0, this.#rows * sensors.length),
      },
      units: unit < 0 ? new Array(this.#rows).fill("all") : this.#units,
      ages: this.#ages.slice(0, this.#rows),
      ...(target >= 0 && { targets: this.#targets }),
      notes: [],
    };
  }
}

/** The rows of one unit by rising age, and where they stand in the table. */
export interface UnitHistory extends History {
  readonly places: Int32Array;
  readonly ages: Float64Array;
}

/** @throws TrainingError when two rows of a unit have the same age */
export function historiesOf({ values, units, ages }: TrainingTable): UnitHistory[] {
  const places = new Map<string, number[]>();
  units.forEach((unit, row) => {
    const own = places.get(unit);
    if (own) own.push(row);
    else places.set(unit, [row]);
  });
  return [...places].map(([unit, own]) => {
    own.sort((a, b) => (ages[a] as number) - (ages[b] as number));
    const sorted = Float64Array.from(own, (row) => ages[row] as number);
    const twice = sorted.findIndex((age, i) => i > 0 && age === sorted[i - 1]);
    if (twice >= 0) throw new TrainingError(`unit ${unit}: two rows have the age ${sorted[twice]}`);
    const { columns } = values;
    const rows = new Float64Array(own.length * columns);
    own.forEach((row, i) => {
      rows.set(values.values.subarray(row * columns, (row + 1) * columns), i * columns);
    });
    return { unit, rows: { rows: own.length, columns, values: rows }, places: Int32Array.from(own), ages: sorted };
  });
}
