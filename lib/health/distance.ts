import type { HealthyReference } from "./reference";

/** How far a row is from healthy, and how much of that each sensor brings; the parts add up to the square. */
export interface Distance {
  readonly distance: number;
  readonly parts: Float64Array;
}

/** Weighted root mean square of the sensors' distances from normal, in standard deviations. */
export function weightedDistance(z: Float64Array, weights: readonly number[]): Distance {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const parts = z.map((value, i) => ((weights[i] as number) * value * value) / total);
  return { distance: Math.sqrt(sumOf(parts)), parts };
}

/**
 * Mahalanobis distance per root of the number of sensors: like the weighted distance, but sensors that move together in health
 * count once, and a sensor that leaves its company counts though it is within its own range. A part is z_i (S⁻¹ z)_i.
 */
export function mahalanobisDistance(z: Float64Array, { inverse = [] }: HealthyReference): Distance {
  const size = z.length;
  const parts = z.map((value, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (inverse[i * size + j] as number) * (z[j] as number);
    return (value * sum) / size;
  });
  return { distance: Math.sqrt(Math.max(0, sumOf(parts))), parts };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
