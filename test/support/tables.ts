import type { Samples } from "../../lib/train/data";
import { seededRandom } from "../../lib/train/random";

/** Samples of `columns` uniform features, with a target that is a function of them. */
export function tableOf(
  rows: number,
  columns: number,
  seed: number,
  target: (features: Float64Array, random: () => number) => number,
): Samples {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: rows * columns }, () => random.uniform());
  const targets = Float64Array.from({ length: rows }, (_, row) =>
    target(values.subarray(row * columns, (row + 1) * columns), random.normal),
  );
  return { features: { rows, columns, values }, target: targets };
}

/** Friedman 1991 (Annals of Statistics 19:1), example 1: five features matter, five do not; noise of standard deviation 1. */
export function friedman1(rows: number, seed: number): Samples {
  return tableOf(rows, 10, seed, (x, noise) => {
    const [a, b, c, d, e] = x as unknown as [number, number, number, number, number];
    return 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e + noise();
  });
}
