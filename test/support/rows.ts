import type { Reading } from "../../lib/reading";
import { gaussian, reading } from "./series";

/** The readings of one device, one of each sensor a second: `rows[i][j]` is sensor j at second i; null is left out. */
export function readingsOfRows(
  rows: readonly (readonly (number | null)[])[],
  sensors: readonly string[],
  start = 0,
): Reading[] {
  return rows.flatMap((row, i) =>
    sensors.flatMap((sensor, j) => {
      const value = row[j];
      return value === null || value === undefined ? [] : [reading(value, start + i * 1000, { sensor })];
    }),
  );
}

/** Normal rows: three sensors of which two follow a common cause, around `offset`. */
export function processRows(count: number, seed: number, offset = 0): number[][] {
  const next = gaussian(seed);
  return Array.from({ length: count }, () => {
    const cause = next();
    return [offset + 10 + cause + 0.2 * next(), offset + 5 - 2 * cause + 0.2 * next(), offset + next()];
  });
}
