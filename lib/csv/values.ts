/** What a column holds. */
export type Kind = "number" | "boolean" | "text";

const MISSING = new Set(["", "na", "n/a", "nan", "null", "none", "-", "?"]);
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const COMMA_NUMBER = /^[+-]?\d+,\d+(?:[eE][+-]?\d+)?$/;
const LONGEST_NUMBER = 400;

/** True for the ways in which files say that there is no value. */
export function isMissing(cell: string): boolean {
  return cell.length <= 4 && MISSING.has(cell.trim().toLowerCase());
}

/** A finite number, or undefined. With a decimal comma (files that part cells by ";") "21,5" is one as well. */
export function numberOf(cell: string, decimalComma: boolean): number | undefined {
  const text = cell.trim();
  if (text.length > LONGEST_NUMBER) return undefined;
  const number = NUMBER.test(text)
    ? Number(text)
    : decimalComma && COMMA_NUMBER.test(text)
      ? Number(text.replace(",", "."))
      : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

export function booleanOf(cell: string): boolean | undefined {
  const text = cell.trim().toLowerCase();
  return text === "true" ? true : text === "false" ? false : undefined;
}

/** The share of a column's first cells that must agree on what it holds; the others are reported one by one. */
export const MAJORITY = 0.8;

/** What the cells are, but for a few that are wrong; undefined when there are none. */
export function kindOf(cells: readonly string[], decimalComma: boolean): Kind | undefined {
  if (cells.length === 0) return undefined;
  const most = (fits: (cell: string) => boolean) => cells.filter(fits).length >= cells.length * MAJORITY;
  if (most((cell) => numberOf(cell, decimalComma) !== undefined)) return "number";
  return most((cell) => booleanOf(cell) !== undefined) ? "boolean" : "text";
}
