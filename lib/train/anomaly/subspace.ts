import type { SubspaceDocument } from "../../model/predictors";
import { distances, type Subspace } from "../../model/predictors/anomaly/subspace";
import { encoded } from "../../model/predictors/arrays";
import { numberWithin } from "../../numeric/limits";
import { checkSamples, type Matrix } from "../data";
import { columnMoments, usableStd } from "../moments";
import { spectrum } from "../preprocess/fuse";
import { calibrated } from "./calibrate";

export interface SubspaceOptions {
  /** Share of the variance that the components hold. */
  readonly explained: number;
}

export const SUBSPACE_DEFAULTS: SubspaceOptions = { explained: 0.9 };

/** Variances below this share of the largest are rounding: collinear and constant sensors. */
const RANK = 1e-10;

/**
 * What is normal, as principal components of the standardised rows: T2 tells of unusual size, Q of sensors that no longer
 * move together.
 * @throws TrainingError, RangeError
 */
export function trainSubspace(rows: Matrix, options: Partial<SubspaceOptions> = {}): SubspaceDocument {
  checkSamples({ features: rows, target: new Float64Array(rows.rows) });
  const explained = numberWithin("explained", options.explained ?? SUBSPACE_DEFAULTS.explained, 0.01, 1);
  const moments = Array.from({ length: rows.columns }, (_, column) => columnMoments(rows, column));
  const mean = Float64Array.from(moments, (own) => own.mean);
  const std = Float64Array.from(moments, usableStd);
  const components = kept(standardised(rows, mean, std), explained);
  const subspace: Subspace = {
    mean,
    std,
    components: Float64Array.from(components.flatMap(({ direction }) => direction)),
    variances: components.map(({ variance }) => variance),
  };
  const parts = Array.from({ length: rows.rows }, (_, row) => distances(subspace, rows.values, row * rows.columns));
  const limitT2 = limitOf(parts.map(({ t2 }) => t2));
  const limitQ = limitOf(parts.map(({ q }) => q));
  return {
    kind: "subspace",
    inputs: rows.columns,
    mean: encoded(mean),
    std: encoded(std),
    components: encoded(subspace.components),
    variances: Array.from(subspace.variances),
    limitT2,
    limitQ,
    calibration: calibrated(Float64Array.from(parts, ({ t2, q }) => t2 / limitT2 + q / limitQ)),
  };
}

function standardised(rows: Matrix, mean: Float64Array, std: Float64Array): Matrix {
  const { columns } = rows;
  const values = rows.values.map((value, i) => (value - mean[i % columns]!) / std[i % columns]! || 0);
  return { ...rows, values };
}

/** As many components as explain the share of the variance; one at least. */
function kept(rows: Matrix, explained: number): ReturnType<typeof spectrum> {
  const all = spectrum(rows);
  const total = all.reduce((sum, { variance }) => sum + variance, 0);
  if (!(total > 0)) return [{ direction: all[0]!.direction, variance: 1 }];
  const own = all.filter(({ variance }) => variance > RANK * total);
  let sum = 0;
  const needed = own.findIndex(({ variance }) => {
    sum += variance;
    return sum >= explained * total * (1 - 1e-12);
  });
  return needed < 0 ? own : own.slice(0, needed + 1);
}

/** 99 % quantile; a small number where there is no spread, so that anything beyond rounding is far out. */
function limitOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return Math.max(sorted[Math.floor(0.99 * (sorted.length - 1))]!, 1e-9);
}
