import type { OutputInfo } from "./actuator";

/**
 * A text as the lines of a display: broken at line feeds, then between words, then anywhere. What does not fit at the end is
 * left out; every line is filled with blanks.
 */
export function screenLines(text: string, columns: number, rows: number): string[][] {
  const lines = printable(text)
    .split("\n")
    .flatMap((line) => wrapped([...line], columns))
    .slice(0, rows);
  return Array.from({ length: rows }, (_, row) => filled(lines[row] ?? [], columns));
}

/** One line of a display: what is too long is cut off. */
export const screenLine = (text: string, columns: number): string[] =>
  filled([...printable(text).replaceAll("\n", " ")], columns);

/** The outputs of a display for text: all of it, and each of its lines. */
export function textOutputs(rows: number): OutputInfo[] {
  const names = ["text", ...Array.from({ length: rows }, (_, row) => `line${row + 1}`)];
  return names.map((actuator) => ({ actuator, type: "text", unit: "1", safe: "" }));
}

/** The lines after an output of `textOutputs` was set. @param index 0 for all of the text, then the lines */
export function changedLines(lines: readonly string[][], index: number, text: string): string[][] {
  const columns = lines[0]!.length;
  if (index === 0) return screenLines(text, columns, lines.length);
  return lines.map((line, row) => (row === index - 1 ? screenLine(text, columns) : line));
}

export const blankLines = (columns: number, rows: number): string[][] => screenLines("", columns, rows);

/** Runs of neighbours in which two arrays of one length differ; runs with a gap of less than `join` are one. */
export function differences<T>(before: ArrayLike<T>, after: ArrayLike<T>, join: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  for (let index = 0; index < after.length; index++) {
    if (before[index] === after[index]) continue;
    const last = runs.at(-1);
    if (last && index - last[1] < join) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

/** Tabs are blanks; other control characters have nothing to show. */
function printable(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\r\n?/g, "\n")
    .replaceAll("\t", " ")
    .replace(/[^\P{Cc}\n]/gu, "");
}

function wrapped(line: readonly string[], columns: number): string[][] {
  const lines: string[][] = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.slice(0, columns + 1).lastIndexOf(" ");
    const at = space > 0 ? space : columns;
    lines.push(rest.slice(0, at));
    rest = rest.slice(space > 0 ? at + 1 : at);
  }
  return [...lines, [...rest]];
}

const filled = (line: readonly string[], columns: number): string[] =>
  Array.from({ length: columns }, (_, column) => line[column] ?? " ");
