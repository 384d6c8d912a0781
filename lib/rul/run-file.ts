import { CsvError, columnOf, openTable, problemText } from "../csv";
import { describe } from "../reading";
import { MAX_RUNS } from "./library";
import type { Run } from "./trajectory";

export interface RunColumns {
  /** Which machine or life a row belongs to. */
  readonly unit: string;
  /** Number that rises with age, such as cycles or hours. */
  readonly age: string;
  /** The figure of wear. */
  readonly value: string;
}

/** Rows of one run that are kept; a longer one is thinned while it is read. */
const MAX_ROWS = 4000;

/**
 * Reads runs to failure from a CSV file with a header; the last row of each unit is its failure. Rows without a value are left
 * out. Memory is bounded by the number of runs.
 * @param hoursPerAge what one unit of the age column is worth, h
 * @throws CsvError naming line and column of what cannot be read
 */
export async function readRuns(
  source: AsyncIterable<Uint8Array>,
  columns: RunColumns,
  hoursPerAge: number,
): Promise<Run[]> {
  const table = await openTable(source);
  const [unit, age, value] = [columns.unit, columns.age, columns.value].map((name) => columnOf(table, name)) as [
    number,
    number,
    number,
  ];
  const runs = new Map<string, GrowingRun>();
  for await (const { cells, line } of table.lines) {
    const number = (column: number, name: string): number => {
      const parsed = table.numberIn(cells[column] ?? "");
      if (parsed !== undefined) return parsed;
      throw new CsvError(
        problemText({ line, column: name, reason: `expected a number, got ${describe(cells[column])}` }),
      );
    };
    const name = cells[unit]?.trim() ?? "";
    const hours = number(age, columns.age) * hoursPerAge;
    const level = number(value, columns.value);
    if (name === "" || Number.isNaN(hours) || Number.isNaN(level)) continue;
    const run = runs.get(name) ?? new GrowingRun(name);
    if (!run.push(hours, level)) {
      throw new CsvError(
        problemText({ line, column: columns.age, reason: `expected an age after the one before of ${name}` }),
      );
    }
    runs.set(name, run);
    if (runs.size > MAX_RUNS) throw new CsvError(`line ${line}: expected at most ${MAX_RUNS} runs`);
  }
  const [problem] = table.problems;
  if (problem) throw new CsvError(problemText(problem));
  return [...runs.values()].map((run) => run.done());
}

/** A run that is thinned to every second row when it becomes too long; its last row is kept. */
class GrowingRun {
  #hours: number[] = [];
  #values: number[] = [];
  #every = 1;
  #count = 0;
  #last: [number, number] | undefined;

  constructor(private readonly unit: string) {}

  push(hours: number, value: number): boolean {
    if (this.#last && hours <= this.#last[0]) return false;
    this.#last = [hours, value];
    if (this.#count++ % this.#every !== 0) return true;
    this.#hours.push(hours);
    this.#values.push(value);
    if (this.#hours.length < MAX_ROWS) return true;
    this.#hours = this.#hours.filter((_, i) => i % 2 === 0);
    this.#values = this.#values.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
    return true;
  }

  done(): Run {
    const [hours, value] = this.#last as [number, number];
    const isKept = this.#hours.at(-1) === hours;
    return {
      unit: this.unit,
      hours: isKept ? this.#hours : [...this.#hours, hours],
      values: isKept ? this.#values : [...this.#values, value],
    };
  }
}
