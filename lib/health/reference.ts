import { median } from "../numeric/sorted-window";
import { inverseOf, shrunkCovariance } from "./covariance";

/** What is normal for the sensors of one device, as learned from its healthy rows. */
export interface HealthyReference {
  /** Median and standard deviation (by the median absolute deviation) of each sensor; a sensor without spread has 0. */
  readonly levels: readonly number[];
  readonly spreads: readonly number[];
  /** Inverse covariance of the standardised sensors, row by row; only for the Mahalanobis distance. */
  readonly inverse?: readonly number[];
  /** Distance that healthy rows stay within, about 95 of 100. */
  readonly usual: number;
}

const MAD_TO_STD = 1.482602218505602;
const MEAN_TO_STD = 1.2533141373155;
/** Standardised values are clipped here before correlations are taken: a few odd rows must not make them. */
const CLIP = 3;
/** A sensor that stands still while it is learned counts a change of this share of its level as one standard deviation. */
const STILL_SHARE = 0.01;
/** Robust standard deviations above the middle distance that healthy rows stay within. */
const USUAL = 2;

/** Medians and robust standard deviations of each column; NaN is a missing value. */
export function robustScale(rows: readonly Float64Array[]): { levels: number[]; spreads: number[] } {
  const size = rows[0]?.length ?? 0;
  const columns = Array.from({ length: size }, (_, column) =>
    rows.map((row) => row[column] as number).filter((value) => !Number.isNaN(value)),
  );
  const levels = columns.map((values) => (values.length > 0 ? median(values) : Number.NaN));
  const spreads = columns.map((values, i) => spreadOf(values, levels[i] as number));
  return { levels, spreads };
}

function spreadOf(values: readonly number[], level: number): number {
  if (values.length === 0) return Number.NaN;
  const distances = values.map((value) => Math.abs(value - level));
  const mean = distances.reduce((sum, value) => sum + value, 0) / distances.length;
  const spread = MAD_TO_STD * median(distances) || MEAN_TO_STD * mean;
  // Rounding of a large level is no spread.
  return spread > 1e-12 * Math.abs(level) ? spread : STILL_SHARE * Math.abs(level) || 1;
}

/**
 * Learns what is normal.
 * @param rows healthy ones, NaN for missing values
 * @param distanceOf distance of a standardised row (see `standardised`) under a reference
 */
export function learnReference(
  rows: readonly Float64Array[],
  isMahalanobis: boolean,
  distanceOf: (z: Float64Array, reference: HealthyReference) => number,
): HealthyReference {
  const scale = { ...robustScale(rows), usual: 1 };
  const z = rows.map((row) => standardised(row, scale));
  const reference = isMahalanobis ? { ...scale, inverse: robustInverse(z) } : scale;
  const distances = z.map((row) => distanceOf(row, reference));
  const middle = median(distances);
  const spread = MAD_TO_STD * median(distances.map((distance) => Math.abs(distance - middle)));
  return { ...reference, usual: Math.max(Number.MIN_VALUE, middle + USUAL * spread) };
}

/** Distances from normal in standard deviations; 0 for what is missing. */
export function standardised(
  row: Float64Array,
  { levels, spreads }: Pick<HealthyReference, "levels" | "spreads">,
): Float64Array {
  return row.map((value, i) => {
    const z = (value - (levels[i] as number)) / (spreads[i] as number);
    return Number.isFinite(z) ? z : 0;
  });
}

function robustInverse(rows: readonly Float64Array[]): number[] {
  const size = rows[0]?.length ?? 0;
  const clipped = rows.map((row) => row.map((z) => Math.max(-CLIP, Math.min(CLIP, z))));
  return [...inverseOf(shrunkCovariance(clipped, size), size)];
}
