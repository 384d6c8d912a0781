import { integerWithin, numberWithin, positiveNumber } from "../numeric/limits";
import { SavedState, type Snapshotable, StateError } from "../numeric/state";
import type { HealthContributor } from "../reading/reading";
import { type Distance, mahalanobisDistance, weightedDistance } from "./distance";
import { LastKnown } from "./last-known";
import { type HealthyReference, learnReference, standardised } from "./reference";

export type HealthMethod = "limits" | "baseline" | "mahalanobis";

/** What one sensor's values mean. */
export interface SensorLimits {
  readonly sensor: string;
  /** Value of a healthy device, and of a failed one; above or below. Only for the method "limits". */
  readonly good?: number;
  readonly failed?: number;
  /** 1 by default; 0 leaves the sensor out of the index. */
  readonly weight?: number;
}

export interface HealthOptions {
  readonly method: HealthMethod;
  /** In the order of the rows; empty for methods that learn: all sensors count alike. */
  readonly sensors: readonly SensorLimits[];
  /** limits: the worst sensor alone, or the weighted mean of all. */
  readonly combine: "worst" | "mean";
  /** Rows of the healthy device that normal is learned from, 20 to 10 000. */
  readonly baseline: number;
  /** baseline, mahalanobis: distance from normal, in standard deviations, at which the index is 0. */
  readonly failedAt: number;
  /** Rows that the index is smoothed over (exponentially); 1 for none, which suits what extrapolates it: smoothing hides how large its errors are. */
  readonly smoothing: number;
  /** The index never rises again, until it is reset. */
  readonly monotonic: boolean;
}

export const HEALTH_DEFAULTS: HealthOptions = {
  method: "mahalanobis",
  sensors: [],
  combine: "worst",
  baseline: 200,
  failedAt: 10,
  smoothing: 5,
  monotonic: false,
};

export interface HealthScore {
  /** 1 is as new, 0 is failed. */
  readonly index: number;
  /** Strongest first; their shares add up to 1. Empty while nothing deviates. */
  readonly contributors: readonly HealthContributor[];
  /** Sensors that were missing from the row, or while normal was learned: their last values, or none, stand for them. */
  readonly missing: readonly string[];
}

/** From this index on nothing deviates that would be worth a name. */
const AS_NEW = 0.99;
/** Sensors with less than this share of the deviation are not named. */
const SMALLEST_SHARE = 0.05;
const MAX_SENSORS = 256;

/**
 * Checks the options once and returns what makes the index of one device.
 * @throws RangeError naming the option
 */
export function healthFactory(options: Partial<HealthOptions> = {}): () => HealthIndex {
  const complete = { ...HEALTH_DEFAULTS, ...options };
  integerWithin("baseline", complete.baseline, 20, 10_000);
  numberWithin("failedAt", complete.failedAt, 1, 1e6);
  integerWithin("smoothing", complete.smoothing, 1, 100_000);
  for (const sensor of complete.sensors) checkSensorLimits(sensor, complete.method);
  if (complete.method === "limits" && complete.sensors.length === 0) {
    throw new RangeError("sensors: expected at least one with its good and its failed value");
  }
  if (complete.sensors.length > 0 && complete.sensors.every(({ weight = 1 }) => weight === 0)) {
    throw new RangeError("sensors: expected at least one with a weight above 0");
  }
  return () => new HealthIndex(complete);
}

function checkSensorLimits({ sensor, good, failed, weight = 1 }: SensorLimits, method: HealthMethod): void {
  if (sensor === "") throw new RangeError("sensors: expected a name in every row");
  if (weight !== 0) positiveNumber(`weight of ${sensor}`, weight);
  if (method !== "limits") return;
  if (good === undefined || failed === undefined || good === failed || !Number.isFinite(failed - good)) {
    throw new RangeError(`${sensor}: expected a good and a failed value that differ, got ${good} and ${failed}`);
  }
}

/** Health of one device from rows of its sensors: 1 as new, 0 failed. Memory is bounded by the rows that are learned from. */
export class HealthIndex implements Snapshotable {
  readonly #options: HealthOptions;
  #learning: Float64Array[] = [];
  #reference: HealthyReference | undefined;
  #smoothed: number | undefined;
  readonly #lastKnown: LastKnown;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#lastKnown = new LastKnown(this.#newestShare);
  }

  /** Rows still to be learned from before the first index; 0 when it is given. */
  get missingRows(): number {
    if (this.#options.method === "limits" || this.#reference) return 0;
    return this.#options.baseline - this.#learning.length;
  }

  /**
   * @param row NaN for missing values
   * @param names of the row's columns
   * @returns undefined while normal is learned, and for rows in which more than half of the sensors are missing
   */
  push(row: Float64Array, names: readonly string[]): HealthScore | undefined {
    const absent = row.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
    if (2 * absent > row.length) return undefined;
    if (this.missingRows > 0) return this.#learn(row);
    const { deviation, parts } = this.#deviationOf(row);
    const index = this.#smooth(1 - Math.max(0, Math.min(1, deviation)));
    const missing = names.filter((_, i) => Number.isNaN(row[i] as number) || this.#isUnlearned(i));
    return { index, contributors: index < AS_NEW ? contributorsOf(parts, names) : [], missing };
  }

  /** Its values mean nothing: it was not there while normal was learned. */
  #isUnlearned(column: number): boolean {
    return this.#reference !== undefined && Number.isNaN(this.#reference.levels[column] as number);
  }

  #learn(row: Float64Array): undefined {
    this.#learning.push(row.slice());
    if (this.missingRows > 0) return;
    this.#reference = learnReference(
      this.#learning,
      this.#options.method === "mahalanobis",
      (z, reference) => this.#distance(z, reference).distance,
    );
    this.#learning = [];
  }

  /** 0 for healthy, 1 for failed; what each sensor adds to it. */
  #deviationOf(row: Float64Array): { deviation: number; parts: Float64Array } {
    const { method, sensors, combine } = this.#options;
    if (method === "limits") return limitsDeviation(this.#lastKnown.fill(row), sensors, combine);
    const reference = this.#reference as HealthyReference;
    const z = standardised(row, reference).map((value, i) => (Number.isNaN(row[i] as number) ? Number.NaN : value));
    const filled = this.#lastKnown.fill(z, reference.inverse).map((value) => (Number.isNaN(value) ? 0 : value));
    const { distance, parts } = this.#distance(filled, reference);
    const failedAt = Math.max(this.#options.failedAt, 2 * reference.usual);
    return { deviation: (distance - reference.usual) / (failedAt - reference.usual), parts };
  }

  #distance(z: Float64Array, reference: HealthyReference): Distance {
    if (this.#options.method === "mahalanobis") return mahalanobisDistance(z, reference);
    const { sensors } = this.#options;
    return weightedDistance(
      z,
      sensors.length > 0 ? sensors.map(({ weight = 1 }) => weight) : new Array(z.length).fill(1),
    );
  }

  #smooth(index: number): number {
    const before = this.#smoothed;
    const mixed = before === undefined ? index : before + this.#newestShare * (index - before);
    this.#smoothed = before !== undefined && this.#options.monotonic ? Math.min(before, mixed) : mixed;
    return this.#smoothed;
  }

  get #newestShare(): number {
    return 2 / (this.#options.smoothing + 1);
  }

  snapshot(): unknown {
    return {
      lastKnown: this.#lastKnown.snapshot(),
      learning: this.#learning.map((row) => Array.from(row, (value) => (Number.isNaN(value) ? null : value))),
      reference: this.#reference,
      smoothed: this.#smoothed,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const learning = saved.list("learning", this.#options.baseline).map(rowOf);
    const reference = saved.any("reference");
    // States of before last values were kept begin with the next ones.
    this.#lastKnown.restore(saved.any("lastKnown") ?? {});
    this.#smoothed = saved.optionalNumber("smoothed");
    this.#reference = reference === undefined ? undefined : referenceOf(new SavedState(reference));
    this.#learning = learning;
  }
}

function limitsDeviation(
  row: Float64Array,
  sensors: readonly SensorLimits[],
  combine: "worst" | "mean",
): { deviation: number; parts: Float64Array } {
  let weights = 0;
  let worst = 0;
  const parts = row.map((value, i) => {
    const { good = 0, failed = 1, weight = 1 } = sensors[i] as SensorLimits;
    if (Number.isNaN(value) || weight === 0) return 0;
    const share = Math.max(0, Math.min(1, (value - good) / (failed - good)));
    weights += weight;
    worst = Math.max(worst, share);
    return weight * share;
  });
  const mean = weights > 0 ? parts.reduce((sum, part) => sum + part, 0) / weights : 0;
  return { deviation: combine === "worst" ? worst : mean, parts };
}

function contributorsOf(parts: Float64Array, names: readonly string[]): HealthContributor[] {
  const positive = parts.map((part) => Math.max(0, part));
  const total = positive.reduce((sum, part) => sum + part, 0);
  if (!(total > 0)) return [];
  return [...positive]
    .map((part, i) => ({ sensor: names[i] as string, share: part / total }))
    .filter(({ share }) => share >= SMALLEST_SHARE)
    .sort((a, b) => b.share - a.share);
}

function rowOf(saved: unknown): Float64Array {
  if (!Array.isArray(saved) || saved.length > MAX_SENSORS) throw new StateError("learning: expected rows");
  return Float64Array.from(saved, (value) => (typeof value === "number" ? value : Number.NaN));
}

function referenceOf(saved: SavedState): HealthyReference {
  const levels = saved.list("levels", MAX_SENSORS).map(numberOrNaN);
  const spreads = saved.list("spreads", MAX_SENSORS).map(numberOrNaN);
  if (levels.length !== spreads.length) throw new StateError("spreads: expected as many as levels");
  const usual = saved.number("usual");
  if (saved.any("inverse") === undefined) return { levels, spreads, usual };
  const inverse = saved.numbers("inverse", levels.length ** 2);
  if (inverse.length !== levels.length ** 2) throw new StateError("inverse: expected a square matrix");
  return { levels, spreads, usual, inverse };
}

function numberOrNaN(value: unknown): number {
  return typeof value === "number" ? value : Number.NaN;
}
