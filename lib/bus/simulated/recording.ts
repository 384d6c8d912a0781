import { CsvError, readCsv } from "../../csv";
import type { Recording } from "./world";

/** More rows than this are a year of a value every half minute; they are held in memory. */
const MOST_ROWS = 1_000_000;

/**
 * Values of a CSV file with a column of times, for a simulated part to measure.
 * @param columns the column of each quantity, by quantity
 * @throws CsvError for a file that is none, a column that is not there or has no numbers, or too many rows
 */
export async function readRecording(
  file: AsyncIterable<Uint8Array>,
  columns: Readonly<Record<string, string>>,
): Promise<Recording> {
  const quantities = Object.entries(columns);
  const seconds: number[] = [];
  const values = new Map(quantities.map(([quantity]) => [quantity, [] as number[]]));
  let first: number | undefined;
  for await (const { rows } of readCsv(file, { deviceId: "recording", columns: Object.values(columns) })) {
    for (const { timestamp, readings } of rows) {
      first ??= timestamp;
      const at = (timestamp - first) / 1000;
      // A clock that was set back would make the times run backwards, which nobody could look up.
      if (at < (seconds.at(-1) ?? 0)) continue;
      if (seconds.push(at) > MOST_ROWS) throw new CsvError(`the recording has more than ${MOST_ROWS} rows`);
      for (const [quantity, column] of quantities) {
        const value = readings.find(({ sensor }) => sensor === column)?.value;
        const series = values.get(quantity)!;
        // Where a value is missing the one before goes on.
        series.push(typeof value === "number" ? value : (series.at(-1) ?? Number.NaN));
      }
    }
  }
  const complete = quantities.map(([quantity, column]) => [quantity, filled(values.get(quantity)!, column)] as const);
  return { seconds: Float64Array.from(seconds), values: Object.fromEntries(complete) };
}

/** The values with those missing at the beginning taken from the first one there is. */
function filled(series: readonly number[], column: string): Float64Array {
  const first = series.find((value) => !Number.isNaN(value));
  if (first === undefined) throw new CsvError(`column ${column} has no numbers`);
  return Float64Array.from(series, (value) => (Number.isNaN(value) ? first : value));
}
