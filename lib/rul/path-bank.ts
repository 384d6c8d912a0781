import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import { DriftFilter, type PathAssumption, type PathPrior } from "./drift-filter";
import { type PathState, probabilityOfApproach, sightedPassage } from "./first-passage";
import type { Growth } from "./growth";
import type { SwingAssumption } from "./swing";

/**
 * Errors that swing: of a constant size or growing with wear, over some readings or a day of them. A length between two of them, or a
 * load with a period of a few lengths, is close enough to one for what matters here: how far a path may be from its readings.
 */
const SWINGS: readonly SwingAssumption[] = [
  { memory: 5, share: 0.9, grows: false },
  { memory: 20, share: 0.9, grows: false },
  { memory: 5, share: 0.97, grows: true },
  { memory: 15, share: 0.97, grows: true },
];

/**
 * The assumptions that are weighed against each other: how much of the noise is the path's own, and how much its drift
 * wanders, from not at all to changing within some hundred readings; or errors that swing. What changes faster is a swing
 * and no wear: a path that follows it foretells the next reading, and what is far ahead not at all.
 */
export const STEADY_ASSUMPTIONS: readonly PathAssumption[] = [
  ...[0, 0.05, 1].flatMap((roughness) => [0, 1e-6, 1e-4].map((wander) => ({ roughness, wander }))),
  ...SWINGS.map((swing) => ({ roughness: 0, wander: 0, swing })),
];
/** The same on a logarithmic scale, where a swing in proportion to the wear is one of a constant size. */
export const RATIO_ASSUMPTIONS: readonly PathAssumption[] = STEADY_ASSUMPTIONS.filter(({ swing }) => !swing?.grows);
/**
 * The same where the speed grows by a law already: then there is little left that wanders. Laws are a grid, and the true one lies between two of
 * them: unless a speed may stray from its law, a straight line that turns with every reading foretells the next ones better than
 * any law, and what is far ahead not at all.
 */
export const GROWING_ASSUMPTIONS: readonly PathAssumption[] = [
  { roughness: 0, wander: 0 },
  { roughness: 0, wander: 0, stray: 0.02 },
  ...SWINGS.map((swing) => ({ roughness: 0, wander: 0, stray: 0.005, swing })),
];

/** Evidence fades: an assumption that was right a thousand readings ago may be wrong now. */
const EVIDENCE_MEMORY = 0.995;
/** Assumptions with less weight than this take no part in a prediction. */
const SMALLEST_WEIGHT = 0.01;

/** A law by which a reading is worth so many at the speed of the reference would have ended long ago: its filters are left as they are, and out. */
const LARGEST_WEAR = 1e9;
const RULED_OUT = -1e4;

/** A path, and how its speed grows from now on. */
export interface Prospect {
  readonly path: PathState;
  readonly growth: Growth;
  /** Since the path began. */
  readonly age: number;
  /** By how much the level at which devices fail differs. */
  readonly failureVariance: number;
}

export interface WeightedPath extends Prospect {
  readonly weight: number;
}

/**
 * A degradation path under every assumption at once, weighed by how well each has foretold the readings (Bayesian model
 * averaging). Levels are scaled: 0 is normal, 1 is failed. Times are in units of the usual time between readings.
 */
export class PathBank implements Snapshotable {
  readonly #filters: readonly DriftFilter[];
  readonly #evidence: Float64Array;

  constructor(prior: PathPrior, assumptions: readonly PathAssumption[]) {
    this.#filters = assumptions.map((assumption) => new DriftFilter(assumption, prior));
    this.#evidence = new Float64Array(assumptions.length);
  }

  /**
   * @param wear what the time since the last reading is worth to the path
   * @param logJacobian added to the evidence where the level is a transform of the reading
   */
  push(level: number, wear: number, elapsed: number, logJacobian = 0): void {
    this.#filters.forEach((filter, i) => {
      const before = EVIDENCE_MEMORY * (this.#evidence[i] as number);
      const likelihood = wear < LARGEST_WEAR ? filter.push(level, wear, elapsed) : RULED_OUT;
      this.#evidence[i] = before + likelihood + logJacobian;
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
    const { length } = this.#filters;
    const filters = saved.list("filters", length);
    const evidence = saved.numbers("evidence", length);
    if (filters.length !== length || evidence.length !== length) throw new StateError(`filters: expected ${length}`);
    this.#filters.forEach((filter, i) => void filter.restore(filters[i]));
    this.#evidence.set(evidence);
  }
}

/** Posterior weights from evidence; those that hardly count are left out. */
export function weighed(paths: readonly (Prospect & { readonly evidence: number })[]): WeightedPath[] {
  const best = Math.max(...paths.map(({ evidence }) => evidence));
  const kept = paths
    .map((prospect) => ({ ...prospect, weight: Math.exp(prospect.evidence - best) }))
    .filter(({ weight }) => weight > SMALLEST_WEIGHT);
  const total = kept.reduce((sum, { weight }) => sum + weight, 0);
  return kept.map((prospect) => ({ ...prospect, weight: prospect.weight / total }));
}

/** Of many paths each needs to be known less well. */
function driftsFor(weight: number): number {
  return Math.max(3, Math.min(16, Math.round(100 * weight)));
}

/** Distribution of the time to failure over all paths. */
export function mixedPassage(paths: readonly WeightedPath[]): (time: number) => number {
  const parts = paths.map(({ weight, path, growth, age, failureVariance: variance }) => ({
    weight,
    passed: (time: number) => growth.duration(age, time),
    cdf: sightedPassage(path, { variance, pace: growth.duration(age, 1), drifts: driftsFor(weight) }),
  }));
  return (time) => parts.reduce((sum, { weight, passed, cdf }) => sum + weight * cdf(passed(time)), 0);
}

/** Probability that the path moves towards failure, over all assumptions. */
export function mixedApproach(paths: readonly WeightedPath[]): number {
  return paths.reduce((sum, { weight, path }) => sum + weight * probabilityOfApproach(path), 0);
}
