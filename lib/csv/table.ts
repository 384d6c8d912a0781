import { CsvError, type CsvProblem } from "./contract";
import { styleOf } from "./head";
import { type ParsedLine, parseLines } from "./lines";
import { bytesFrom, readHead } from "./reader";
import { isMissing, numberOf } from "./values";

/** A CSV file with a header, read as it stands: for tables that are no time series of one device. */
export interface Table {
  readonly header: readonly string[];
  /** The lines after the header, to be read once; those that cannot be parsed are among the problems. */
  readonly lines: AsyncGenerator<ParsedLine>;
  readonly problems: CsvProblem[];
  /** The number in a cell, NaN where the cell says that there is none, undefined where it holds something else. */
  numberIn(cell: string): number | undefined;
}

/**
 * Opens a table; memory is bounded whatever its length. Loads csv-parse.
 * @throws CsvError when the file is empty or its header names a column twice
 */
export async function openTable(source: AsyncIterable<Uint8Array>): Promise<Table> {
  const bytes = source[Symbol.asyncIterator]();
  try {
    const { head, ended } = await readHead(bytes);
    const style = styleOf(head);
    const problems: CsvProblem[] = [];
    const lines = parseLines(bytesFrom(head, ended, bytes), style, problems);
    const first = await lines.next();
    if (first.done) throw new CsvError(problems[0]?.reason ?? "the file has no lines");
    const second = await lines.next();
    const named = first.value.cells.map((cell) => cell.trim());
    // R and pandas number the lines in a column without a name.
    const isNumbered = !second.done && second.value.cells.length === named.length + 1;
    const header = isNumbered ? ["", ...named] : named;
    const twice = header.find((name, i) => name !== "" && header.indexOf(name) < i);
    if (twice !== undefined) throw new CsvError(`line 1: the column "${twice}" is there twice`);
    const decimalComma = style.delimiter !== ",";
    return {
      header,
      lines: second.done ? lines : startingWith(second.value, lines),
      problems,
      numberIn: (cell) => (isMissing(cell) ? Number.NaN : numberOf(cell, decimalComma)),
    };
  } catch (error) {
    await bytes.return?.();
    throw error;
  }
}

async function* startingWith<T>(first: T, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/**
 * The place of a column.
 * @throws CsvError naming the columns that there are
 */
export function columnOf({ header }: Pick<Table, "header">, name: string): number {
  const at = header.indexOf(name);
  if (at >= 0) return at;
  const shown = header.slice(0, 20).join(", ");
  throw new CsvError(`no column "${name}"; the columns are ${shown}${header.length > 20 ? ", …" : ""}`);
}
