import { integerWithin, numberWithin, positiveNumber } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import { BaselineLearner, type Normal } from "./baseline";
import type { PathPrior } from "./drift-filter";
import { LIFE_PROBABILITIES, type LifeEstimator, type LifeVerdict } from "./estimate";
import { quantilesOf } from "./first-passage";
import { OnsetWatch } from "./onset";
import { mixedApproach, mixedPassage, PathBank, weighed } from "./path-bank";
import { Recent } from "./recent";
import { exponentialScale, linearScale, type Scale, type Shape, usualOrigins } from "./shapes";

export interface ExtrapolationOptions {
  /** Value of the figure at which the device counts as failed; above or below normal. */
  readonly failure: number;
  /** "auto" weighs both by how well they foretell the readings. */
  readonly shape: Shape | "auto";
  /** First values, from which normal is learned: 10 to 10 000. */
  readonly baseline: number;
  /** For exponential wear: the figure's value without any wear; found when missing. */
  readonly origin?: number;
  /** Lasting deviation at which wear is taken to have begun, in standard deviations summed up; 12 by default. */
  readonly onset: number;
  /** Life of such devices that is usual from the beginning of wear on, h, and its spread in percent of it. */
  readonly typicalLife?: number;
  readonly typicalSpread: number;
  /** Remaining lives beyond it are not claimed, h. */
  readonly horizon: number;
}

export const EXTRAPOLATION_DEFAULTS: Omit<ExtrapolationOptions, "failure"> = {
  shape: "auto",
  baseline: 50,
  onset: 12,
  typicalSpread: 50,
  horizon: 8760,
};

/** Readings of a beginning wear that are kept to learn its path from its start. */
const RECENT = 256;
/** Readings since wear began below which no path is extrapolated. */
const MINIMUM_PATH = 16;
/** A path must move towards failure with this probability before a remaining life is claimed. */
const SURE_OF_APPROACH = 0.8;
/** Readings that the noise learned from the baseline is worth: few, because noise changes as wear goes on. */
const NOISE_WEIGHT = 4;
/** Share of the way from normal to failure that the spread of normal values is taken as at least: less than that is no wear. */
const SMALLEST_SPREAD = 0.005;

/**
 * Checks the options once and returns what makes the estimator of one device.
 * @throws RangeError naming the option
 */
export function extrapolationFactory(
  options: Partial<ExtrapolationOptions> & Pick<ExtrapolationOptions, "failure">,
): () => Extrapolation {
  const complete = { ...EXTRAPOLATION_DEFAULTS, ...options };
  numberWithin("failure", complete.failure, -1e100, 1e100);
  integerWithin("baseline", complete.baseline, 10, 10_000);
  positiveNumber("onset", complete.onset);
  positiveNumber("horizon", complete.horizon);
  positiveNumber("typicalSpread", complete.typicalSpread);
  if (complete.typicalLife !== undefined) positiveNumber("typicalLife", complete.typicalLife);
  return () => new Extrapolation(complete);
}

/** One shape of wear under way. */
interface Course {
  readonly scale: Scale;
  readonly bank: PathBank;
}

/**
 * Remaining life by extrapolating a figure of wear to its failure value. Needs no training: what is normal is learned from
 * the first values, the beginning of wear is found, and from there the path's level, drift and noise are updated with every
 * reading, linear and exponential, with independent and with Brownian errors (Gebraeel et al. 2005), each weighed by
 * how well it foretells. The remaining life is the distribution of the path's first passage through the failure value.
 */
export class Extrapolation implements LifeEstimator {
  #learner: BaselineLearner;
  #normal: Normal | undefined;
  #onset: OnsetWatch | undefined;
  #recent = new Recent(RECENT);
  #courses: Course[] = [];
  #pathLength = 0;
  #latest: number | undefined;

  constructor(private readonly options: ExtrapolationOptions) {
    this.#learner = new BaselineLearner(options.baseline);
  }

  push(value: number, hours: number): void {
    const elapsed = this.#latest === undefined ? 0 : hours - this.#latest;
    if (this.#latest !== undefined && elapsed <= 0) return;
    this.#latest = hours;
    if (!this.#normal) this.#learn(value, hours);
    else this.#follow(this.#normal, value, hours, elapsed);
  }

  #learn(value: number, hours: number): void {
    const normal = this.#learner.push(value, hours);
    if (normal) this.#begin(normal);
  }

  #begin(learned: Normal): void {
    const way = Math.abs(this.options.failure - learned.level);
    // A series that stands still, or moves by its last digit, has no spread to speak of.
    const floor = Math.max(SMALLEST_SPREAD * way, 1e-12 * Math.abs(learned.level), Number.MIN_VALUE);
    this.#normal = { ...learned, spread: Math.max(learned.spread, floor) };
    this.#onset = new OnsetWatch(this.options.onset * learned.persistence);
  }

  #follow(normal: Normal, value: number, hours: number, elapsed: number): void {
    if (this.#problem(normal)) return;
    const onset = this.#onset as OnsetWatch;
    const towards = Math.sign(this.options.failure - normal.level);
    onset.push(((value - normal.level) * towards) / normal.spread);
    if (onset.isClear) this.#forget();
    else if (this.#courses.length > 0) this.#take(value, elapsed / normal.interval);
    else this.#await(onset, normal, value, hours);
  }

  /** Keeps what may be the beginning of wear, until it is. */
  #await(onset: OnsetWatch, normal: Normal, value: number, hours: number): void {
    this.#recent.push(value, hours);
    if (onset.hasBegun) this.#startCourses(normal);
  }

  #forget(): void {
    this.#recent.clear();
    this.#courses = [];
    this.#pathLength = 0;
  }

  #startCourses(normal: Normal): void {
    this.#courses = this.#scales(normal).map((scale) => ({ scale, bank: new PathBank(this.#prior(normal, scale)) }));
    let before: number | undefined;
    this.#recent.forEach((value, hours) => {
      this.#take(value, before === undefined ? 1 : (hours - before) / normal.interval);
      before = hours;
    });
    this.#recent.clear();
  }

  #scales(normal: Normal): Scale[] {
    const { failure, shape, origin } = this.options;
    const origins = origin === undefined ? usualOrigins(normal, failure) : [origin];
    const exponential = origins
      .map((from) => exponentialScale(normal, failure, from))
      .filter((scale) => scale !== undefined);
    if (shape === "exponential" && exponential.length > 0) return exponential;
    return shape === "auto" ? [linearScale(normal, failure), ...exponential] : [linearScale(normal, failure)];
  }

  /** Vague about the drift unless a usual life is given: then as sure as its spread says. */
  #prior({ interval }: Normal, { spread }: Scale): PathPrior {
    const { typicalLife, typicalSpread } = this.options;
    const usual = typicalLife === undefined ? 0 : interval / typicalLife;
    const drift = typicalLife === undefined ? Math.max(spread, 0.01) : usual * (typicalSpread / 100);
    return {
      level: 0,
      levelVariance: spread * spread,
      drift: usual,
      driftVariance: drift * drift,
      noiseVariance: spread * spread,
      noiseWeight: NOISE_WEIGHT,
    };
  }

  #take(value: number, elapsed: number): void {
    this.#pathLength += 1;
    for (const { scale, bank } of this.#courses) {
      bank.push(scale.levelOf(value), elapsed, scale.logJacobian(value));
    }
  }

  verdict(): LifeVerdict {
    const normal = this.#normal;
    if (!normal) return { phase: "learning" };
    const problem = this.#problem(normal);
    if (problem) return { phase: "healthy", problem };
    if (!this.#onset?.hasBegun) return { phase: "healthy" };
    if (this.#pathLength < MINIMUM_PATH) return { phase: "degrading" };
    const paths = weighed(this.#courses.flatMap(({ bank }) => bank.paths()));
    const cdf = mixedPassage(paths);
    const arrived = cdf(0) > 0.5;
    if (!arrived && mixedApproach(paths) < SURE_OF_APPROACH) return { phase: "degrading" };
    const times = quantilesOf(cdf, LIFE_PROBABILITIES, this.options.horizon / normal.interval);
    const [low = 0, hours = 0, high = 0] = times.map((time) => time * normal.interval);
    if (!Number.isFinite(hours)) return { phase: "degrading" };
    return { phase: "predicted", life: { hours, low, ...(Number.isFinite(high) && { high }) } };
  }

  /** Where failure cannot be told from normal, nothing can be extrapolated. */
  #problem({ level, spread, interval }: Normal): string | undefined {
    const { failure } = this.options;
    if (!(interval > 0)) return "the time axis stands still";
    if (Math.abs(failure - level) > 3 * spread) return undefined;
    return (
      `the failure value ${failure} lies among the normal values, ${level.toPrecision(4)} with a standard deviation ` +
      `of ${spread.toPrecision(2)}: learn normal from a healthy device, or choose another failure value`
    );
  }

  snapshot(): unknown {
    return {
      latest: this.#latest,
      learner: this.#normal ? undefined : this.#learner.snapshot(),
      normal: this.#normal,
      onset: this.#onset?.snapshot(),
      recent: this.#recent.snapshot(),
      banks: this.#courses.map(({ bank }) => bank.snapshot()),
      pathLength: this.#pathLength,
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#latest = saved.optionalNumber("latest");
    this.#pathLength = saved.index("pathLength", Number.MAX_SAFE_INTEGER);
    const normal = saved.any("normal");
    if (normal === undefined) this.#learner.restore(saved.any("learner"));
    else this.#restoreFollowing(saved, new SavedState(normal));
  }

  #restoreFollowing(saved: SavedState, fields: SavedState): void {
    this.#begin({
      level: fields.number("level"),
      spread: fields.number("spread"),
      persistence: fields.number("persistence"),
      interval: fields.number("interval"),
    });
    this.#onset?.restore(saved.any("onset"));
    this.#recent.restore(saved.any("recent"));
    const banks = saved.list("banks", 3);
    if (banks.length === 0) return;
    const normal = this.#normal as Normal;
    this.#courses = this.#scales(normal).map((scale, i) => {
      const bank = new PathBank(this.#prior(normal, scale));
      bank.restore(banks[i]);
      return { scale, bank };
    });
  }
}
