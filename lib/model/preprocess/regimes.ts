import type { Regimes } from "./engineered-spec";

/** Number of the regime whose centre is nearest to the row's settings, of those that are there; undefined when none is. */
export function regimeOf(row: Float64Array, { settings, spread, centres }: Regimes): number | undefined {
  if (centres.length === 1) return 0;
  let nearest: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let r = 0; r < centres.length; r++) {
    const centre = centres[r]!;
    let distance = 0;
    let known = 0;
    for (let i = 0; i < settings.length; i++) {
      const value = row[settings[i]!]!;
      if (Number.isNaN(value)) continue;
      distance += ((value - centre[i]!) / spread[i]!) ** 2;
      known += 1;
    }
    if (known > 0 && distance < least) {
      nearest = r;
      least = distance;
    }
  }
  return nearest;
}
