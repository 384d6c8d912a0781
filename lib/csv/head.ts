import { isUtf8 } from "node:buffer";
import { CsvError } from "./contract";

/** How much of a file is looked at to find out how it is written. */
export const HEAD_BYTES = 65_536;
const SAMPLE_LINES = 10;
const DELIMITERS = [",", ";", "\t", "|"] as const;

export interface CsvStyle {
  readonly delimiter: string;
  readonly encoding: "utf8" | "latin1" | "utf16le";
}

/**
 * How the file is written, from its first bytes. The delimiter is the one that parts most of the first lines into
 * equally many cells, quoted text left out.
 * @throws CsvError when the file has nothing in it
 */
export function styleOf(head: Uint8Array): CsvStyle {
  const encoding = encodingOf(head);
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString(encoding);
  if (text.replace("\uFEFF", "").trim() === "") throw new CsvError("the file is empty");
  const lines = sampleLines(text);
  const scored = DELIMITERS.map((delimiter) => ({ delimiter, score: scoreOf(lines, delimiter) }));
  return { encoding, delimiter: scored.reduce((best, one) => (one.score > best.score ? one : best)).delimiter };
}

function encodingOf(head: Uint8Array): CsvStyle["encoding"] {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf16le";
  // The head may end inside a character; of the last three bytes nothing is asked.
  for (let cut = 0; cut <= 3; cut++) if (isUtf8(head.subarray(0, head.length - cut))) return "utf8";
  return "latin1";
}

function sampleLines(text: string): string[] {
  // Quoted text may hold delimiters and line ends; what it says does not matter here.
  const unquoted = text.replace(/"(?:[^"]|"")*"/g, "q");
  return unquoted
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== "")
    .slice(0, SAMPLE_LINES);
}

/** The share of lines that the delimiter parts into the same number of cells, more cells going before fewer; 0 for none. */
function scoreOf(lines: readonly string[], delimiter: string): number {
  const counts = lines.map((line) => line.split(delimiter).length);
  const usual = counts.toSorted((a, b) => a - b)[counts.length >> 1]!;
  if (usual < 2) return 0;
  // A header may lack the name of the index column.
  const agreeing = counts.filter((count, index) => count === usual || (index === 0 && count === usual - 1)).length;
  return agreeing / counts.length + usual * 1e-6;
}
