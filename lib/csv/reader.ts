import { checkDeviceId, describe, type Reading } from "../reading";
import { type CsvChunk, CsvError, type CsvOptions, type CsvProblem, type CsvRow } from "./contract";
import { HEAD_BYTES, styleOf } from "./head";
import { joined, type Layout, layoutOf, type SensorColumn } from "./layout";
import { type ParsedLine, parseLines } from "./lines";
import { booleanOf, isMissing, kindOf, numberOf } from "./values";

/** Rows from which the columns are judged, and rows of a chunk. */
const SAMPLE_ROWS = 50;
const CHUNK_ROWS = 256;
/**
 * Reads a CSV file of a time series as a stream, in chunks of rows: one column is the time, the others are sensors. Memory
 * is bounded whatever the file's length. A line that cannot be read is a problem with its number, and the next one goes on.
 * Loads csv-parse.
 * @throws CsvError when the file is no time series: empty, no column of times, a wanted column missing
 */
export async function* readCsv(source: AsyncIterable<Uint8Array>, options: CsvOptions): AsyncGenerator<CsvChunk> {
  checkDeviceId(options.deviceId);
  const bytes = source[Symbol.asyncIterator]();
  try {
    yield* chunksOf(bytes, options);
  } finally {
    // Whoever stops early, or is refused, must not leave the file open.
    await bytes.return?.();
  }
}

async function* chunksOf(bytes: AsyncIterator<Uint8Array>, options: CsvOptions): AsyncGenerator<CsvChunk> {
  const { head, ended } = await readHead(bytes);
  const style = styleOf(head);
  const problems: CsvProblem[] = [];
  const lines = parseLines(bytesFrom(head, ended, bytes), style, problems);
  const decimalComma = style.delimiter !== ",";

  const sample = await takeSample(lines);
  if (sample.length === 0) throw new CsvError(problems[0]?.reason ?? "the file has no lines");
  const layout = layoutOf(
    sample.map(({ cells }) => cells),
    options,
    decimalComma,
  );
  const toRow = rowReader(layout, options.deviceId, decimalComma, problems);

  let rows: CsvRow[] = [];
  const takeChunk = (): CsvChunk => {
    const chunk = { rows, problems: problems.splice(0) };
    rows = [];
    return chunk;
  };
  const take = (line: ParsedLine): void => {
    const row = toRow(line);
    if (row) rows.push(row);
  };
  for (const line of layout.hasHeader ? sample.slice(1) : sample) take(line);
  yield takeChunk();
  for await (const line of lines) {
    take(line);
    if (rows.length + problems.length >= CHUNK_ROWS) yield takeChunk();
  }
  if (rows.length + problems.length > 0) yield takeChunk();
}

export async function readHead(bytes: AsyncIterator<Uint8Array>): Promise<{ head: Uint8Array; ended: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < HEAD_BYTES) {
    const next = await bytes.next();
    if (next.done) return { head: Buffer.concat(parts), ended: true };
    parts.push(next.value);
    size += next.value.length;
  }
  return { head: Buffer.concat(parts), ended: false };
}

export async function* bytesFrom(
  head: Uint8Array,
  ended: boolean,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  while (!ended) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}

async function takeSample(lines: AsyncGenerator<ParsedLine>): Promise<ParsedLine[]> {
  const sample: ParsedLine[] = [];
  while (sample.length < SAMPLE_ROWS) {
    const next = await lines.next();
    if (next.done) break;
    sample.push(next.value);
  }
  return sample;
}

/** Makes the function that turns a line into its readings, telling of what it cannot. */
function rowReader(layout: Layout, deviceId: string, decimalComma: boolean, problems: CsvProblem[]) {
  return ({ cells, line }: ParsedLine): CsvRow | undefined => {
    if (cells.length !== layout.width) {
      problems.push({ line, reason: `expected ${layout.width} cells, got ${cells.length}` });
      return undefined;
    }
    const timestamp = layout.parseTime(joined(cells, layout.timeColumns));
    if (timestamp === undefined) {
      const cell = joined(cells, layout.timeColumns);
      problems.push({
        line,
        column: layout.timeColumnNames,
        reason: `expected a time (${layout.format}), got ${describe(cell)}`,
      });
      return undefined;
    }
    const readings: Reading[] = [];
    for (const column of layout.sensors) {
      const cell = cells[column.index]!;
      if (isMissing(cell)) continue;
      const value = valueOfCell(cell, column, decimalComma);
      if (value === undefined) {
        problems.push({ line, column: column.name, reason: `expected a ${column.kind}, got ${describe(cell)}` });
      } else {
        readings.push({ deviceId, sensor: column.sensor, value, unit: column.unit, timestamp, quality: "good" });
      }
    }
    return { line, timestamp, readings };
  };
}

function valueOfCell(cell: string, column: SensorColumn, decimalComma: boolean): number | boolean | string | undefined {
  column.kind ??= kindOf([cell], decimalComma);
  if (column.kind === "number") return numberOf(cell, decimalComma);
  return column.kind === "boolean" ? booleanOf(cell) : cell.slice(0, 65_536);
}
