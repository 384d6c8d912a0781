import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { DriftFilter, type PathAssumption, type PathPrior } from "./drift-filter";
import { firstPassage, type PathState, probabilityOfApproach } from "./first-passage";

/**
 * The assumptions that are weighed against each other: how much of the noise is the path's own, and how much its drift
 * wanders, from not at all to changing within some ten readings.
 */
const ASSUMPTIONS: readonly PathAssumption[] = [0, 0.05, 0.3, 1].flatMap((roughness) =>
  [0, 1e-7, 1e-4, 1e-2].map((wander) => ({ roughness, wander })),
);

/** Evidence fades: an assumption that was right a thousand readings ago may be wrong now. */
const EVIDENCE_MEMORY = 0.995;
/** Assumptions with less weight than this take no part in a prediction. */
const SMALLEST_WEIGHT = 0.01;

export interface WeightedPath {
  readonly weight: number;
  readonly path: PathState;
}

/**
 * A degradation path under every assumption at once, weighed by how well each has foretold the readings (Bayesian model
 * averaging). Levels are scaled: 0 is normal, 1 is failed. Times are in units of the usual time between readings.
 */
export class PathBank implements Snapshotable {
  readonly #filters: readonly DriftFilter[];
  readonly #evidence: Float64Array;

  constructor(prior: PathPrior) {
    this.#filters = ASSUMPTIONS.map((assumption) => new DriftFilter(assumption, prior));
    this.#evidence = new Float64Array(ASSUMPTIONS.length);
  }

  /** @param logJacobian added to the evidence where the level is a transform of the reading */
  push(level: number, elapsed: number, logJacobian = 0): void {
    this.#filters.forEach((filter, i) => {
      const before = EVIDENCE_MEMORY * (this.#evidence[i] as number);
      this.#evidence[i] = before + filter.push(level, elapsed) + logJacobian;
    });
  }

  /** The paths with their evidence, to be weighed against those of other banks by `weighed`. */
  paths(): { evidence: number; path: PathState }[] {
    return this.#filters.map((filter, i) => ({ evidence: this.#evidence[i] as number, path: filter.state(1) }));
  }

  snapshot(): unknown {
    return {
      filters: this.#filters.map((filter) => filter.snapshot()),
      evidence: Array.from(this.#evidence),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const filters = saved.list("filters", ASSUMPTIONS.length);
    const evidence = saved.numbers("evidence", ASSUMPTIONS.length);
    if (filters.length !== ASSUMPTIONS.length || evidence.length !== ASSUMPTIONS.length) {
      throw new StateError(`filters: expected ${ASSUMPTIONS.length}`);
    }
    this.#filters.forEach((filter, i) => void filter.restore(filters[i]));
    this.#evidence.set(evidence);
  }
}

/** Posterior weights from evidence; those that hardly count are left out. */
export function weighed(paths: readonly { evidence: number; path: PathState }[]): WeightedPath[] {
  const best = Math.max(...paths.map(({ evidence }) => evidence));
  const kept = paths
    .map(({ evidence, path }) => ({ weight: Math.exp(evidence - best), path }))
    .filter(({ weight }) => weight > SMALLEST_WEIGHT);
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return kept.map(({ weight, path }) => ({ weight: weight / total, path }));
}

/** Distribution of the time to failure over all paths. */
export function mixedPassage(paths: readonly WeightedPath[]): (time: number) => number {
  const parts = paths.map(({ weight, path }) => ({ weight, cdf: firstPassage(path) }));
  return (time) => parts.reduce((sum, { weight, cdf }) => sum + weight * cdf(time), 0);
}

/** Probability that the path moves towards failure, over all assumptions. */
export function mixedApproach(paths: readonly WeightedPath[]): number {
  return paths.reduce((sum, { weight, path }) => sum + weight * probabilityOfApproach(path), 0);
}
