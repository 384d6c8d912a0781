import type { CsvProblem } from "./contract";
import type { CsvStyle } from "./head";

/** Lines handed to the parser at once. */
const BATCH_LINES = 256;
/** Longest line in characters; a longer one is left out, so that a file without line ends cannot fill the memory. */
const MAX_LINE = 1_048_576;

export interface ParsedLine {
  readonly cells: readonly string[];
  /** Counted from 1. */
  readonly line: number;
}

interface Line {
  readonly text: string;
  readonly line: number;
}

type ParseSync = (text: string) => string[][];

/**
 * The cells of each line. A line is a record: cells of a time series hold no line ends, and so a quote that is never
 * closed spoils one line and not all that follow. Loads csv-parse.
 */
export async function* parseLines(
  bytes: AsyncIterable<Uint8Array>,
  style: CsvStyle,
  problems: CsvProblem[],
): AsyncGenerator<ParsedLine> {
  const { parse } = await import("csv-parse/sync");
  const parseSync: ParseSync = (text) =>
    parse(text, { delimiter: style.delimiter, record_delimiter: "\n", relax_column_count: true, relax_quotes: true });
  let batch: Line[] = [];
  for await (const line of splitLines(bytes, style.encoding, problems)) {
    if (batch.push(line) < BATCH_LINES) continue;
    yield* parseBatch(batch, parseSync, problems);
    batch = [];
  }
  yield* parseBatch(batch, parseSync, problems);
}

/** All lines in one go, which is fast; one by one when a quote joined some of them. */
function* parseBatch(batch: readonly Line[], parse: ParseSync, problems: CsvProblem[]): Generator<ParsedLine> {
  const records = parseTogether(batch, parse);
  for (const [index, { text, line }] of batch.entries()) {
    const cells = records ? records[index]! : parseAlone(text, line, parse, problems);
    if (cells) yield { cells, line };
  }
}

function parseTogether(batch: readonly Line[], parse: ParseSync): string[][] | undefined {
  try {
    const records = parse(batch.map(({ text }) => text).join("\n"));
    return records.length === batch.length ? records : undefined;
  } catch {
    return undefined;
  }
}

function parseAlone(text: string, line: number, parse: ParseSync, problems: CsvProblem[]): string[] | undefined {
  try {
    return parse(text)[0];
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    problems.push({ line, reason: code === "CSV_QUOTE_NOT_CLOSED" ? "a quote is opened and not closed" : message });
    return undefined;
  }
}

/** Lines that are not empty, whatever ends them: LF, CR LF or CR. */
async function* splitLines(
  bytes: AsyncIterable<Uint8Array>,
  encoding: CsvStyle["encoding"],
  problems: CsvProblem[],
): AsyncGenerator<Line> {
  // The decoder takes characters that chunks cut in two, and the byte order mark.
  const decoder = new TextDecoder(encoding === "utf8" ? "utf-8" : encoding === "latin1" ? "latin1" : "utf-16le");
  let rest = "";
  let line = 0;
  let tooLong = false;
  const take = function* (text: string): Generator<Line> {
    line++;
    if (tooLong || text.length > MAX_LINE)
      problems.push({ line, reason: `expected at most ${MAX_LINE} characters in a line` });
    else if (text.trim() !== "") yield { text, line };
    tooLong = false;
  };
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const text of lines) yield* take(text);
    if (rest.length <= MAX_LINE) continue;
    tooLong = true;
    rest = "";
  }
  rest = (rest + decoder.decode()).replace(/\r$/, "");
  if (rest !== "" || tooLong) yield* take(rest);
}
