import { type CsvChunk, CsvError } from "./contract";
import type { TimeSpan } from "./replay-clock";

/**
 * Reads a recording through for its earliest and latest time.
 * @throws CsvError when no row of it can be read, with the first problem
 */
export async function timeSpanOf(chunks: AsyncIterable<CsvChunk>): Promise<TimeSpan> {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  let problem: string | undefined;
  for await (const { rows, problems } of chunks) {
    problem ??= problems[0] && `line ${problems[0].line}: ${problems[0].reason}`;
    for (const { timestamp } of rows) {
      first = Math.min(first, timestamp);
      last = Math.max(last, timestamp);
    }
  }
  if (first > last) throw new CsvError(problem ?? "the file has no rows");
  return { first, last };
}
