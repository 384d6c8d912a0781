import { Readable } from "node:stream";
import { type CsvOptions, type CsvRow, problemText, readCsv } from "../../lib/csv";

/** All rows of a recording, and what was wrong with it as people read it. */
export async function collectCsv(source: AsyncIterable<Uint8Array>, options: Partial<CsvOptions> = {}) {
  const rows: CsvRow[] = [];
  const problems: string[] = [];
  for await (const chunk of readCsv(source, { deviceId: "room-1", ...options })) {
    rows.push(...chunk.rows);
    problems.push(...chunk.problems.map(problemText));
  }
  return { rows, problems };
}

export function readCsvText(text: string | Buffer, options: Partial<CsvOptions> = {}) {
  return collectCsv(Readable.from([Buffer.from(text)]), options);
}
