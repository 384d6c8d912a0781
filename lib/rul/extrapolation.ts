import { integerWithin, numberWithin, positiveNumber } from "../numeric/limits";
import { SavedState } from "../numeric/state";
import { BaselineLearner, type Normal } from "./baseline";
import type { PathAssumption, PathPrior } from "./drift-filter";
import { LIFE_PROBABILITIES, type LifeEstimator, type LifeVerdict } from "./estimate";
import { quantilesOf } from "./first-passage";
import { acceleratingGrowths, type Growth, STEADY } from "./growth";
import { OnsetWatch } from "./onset";
import {
  GROWING_ASSUMPTIONS,
  mixedApproach,
  mixedPassage,
  PathBank,
  type Prospect,
  RATIO_ASSUMPTIONS,
  STEADY_ASSUMPTIONS,
  weighed,
} from "./path-bank";
import { Recent } from "./recent";
import { exponentialScale, linearScale, type Scale, type Shape, usualOrigins } from "./shapes";

export interface ExtrapolationOptions {
  /** Value of the figure at which the device counts as failed; above or below normal. */
  readonly failure: number;
  /** Standard deviation by which the figure differs from device to device when it fails. */
  readonly failureSpread: number;
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
  failureSpread: 0,
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
/** More shapes of wear than are followed at once. */
const MOST_COURSES = 64;
/**
 * Nothing is foretold by wear alone that may be further ahead than this many times the time for which it has been followed, unless it is likelier than
 * not to come within that time: swings of the weather or the load look like the beginning of wear, too.
 */
const FORESIGHT = 9;
const [, MEDIAN, LATEST] = LIFE_PROBABILITIES;
/** Readings that the noise learned from the baseline is worth: few, because noise changes as wear goes on. */
const NOISE_WEIGHT = 4;
/** What readings say for or against a law counts by this share, because no law is quite true (Grünwald 2012, safe Bayesian learning). */
const EVIDENCE_SHARE = 0.8;
/** Exponential wear is taken as so much likelier than any other before the readings: it is what cracks and bearings do, and is told from a power only late. */
const EXPONENTIAL_SHARE = 2;
/** Standard deviation by which a speed to come differs from what a law of growth says: laws are a grid of what there may be. */
const GROWTH_UNCERTAINTY = 0.08;
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
  numberWithin("failureSpread", complete.failureSpread, 0, 1e100);
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
  readonly growth: Growth;
  /** Added to its evidence: shapes of many laws are to weigh no more than those of few. */
  readonly prior: number;
  readonly bank: PathBank;
}

/**
 * Remaining life by extrapolating a figure of wear to its failure value. Needs no training: what is normal is learned from
 * the first values, the beginning of wear is found, and from there the path's level, drift and noise are updated with every
 * reading, linear, accelerating and exponential, with independent and with Brownian errors (Gebraeel et al. 2005) and with such that swing, each
 * weighed by how well it foretells. The remaining life is the distribution of the path's first passage through the failure value.
 */
export class Extrapolation implements LifeEstimator {
  #learner: BaselineLearner;
  #normal: Normal | undefined;
  #onset: OnsetWatch | undefined;
  #recent = new Recent(RECENT);
  #courses: Course[] = [];
  /** Time in which wear showed, and time since it was followed first, in units of the usual time between readings. */
  #shown = 1;
  #age = 0;
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
    this.#age = 0;
  }

  #startCourses(normal: Normal): void {
    const { hours } = this.#recent;
    this.#shown = Math.max(1, ((hours.at(-1) ?? 0) - (hours[0] ?? 0)) / normal.interval);
    this.#courses = this.#coursesFrom(normal);
    let before: number | undefined;
    this.#recent.forEach((value, at) => {
      this.#take(value, before === undefined ? 1 : (at - before) / normal.interval);
      before = at;
    });
    this.#recent.clear();
  }

  #coursesFrom(normal: Normal): Course[] {
    const { failure, shape, origin } = this.options;
    const linear = linearScale(normal, failure);
    const origins = origin === undefined ? usualOrigins(normal, failure) : [origin];
    const ratios = origins
      .map((from) => exponentialScale(normal, failure, from))
      .filter((scale) => scale !== undefined);
    const growths = acceleratingGrowths(this.#shown);
    const steady = (scale: Scale): Course =>
      this.#course(normal, scale, STEADY, 1, scale === linear ? STEADY_ASSUMPTIONS : RATIO_ASSUMPTIONS);
    const growing = (laws: readonly Growth[], share = 1): Course[] =>
      laws.map((growth) => this.#course(normal, linear, growth, laws.length / share, GROWING_ASSUMPTIONS));
    if (shape === "linear") return [steady(linear)];
    if (shape === "exponential") return [...ratios.map(steady), ...growing(growths.exponential)];
    return [
      steady(linear),
      ...ratios.map(steady),
      ...growing(growths.exponential, EXPONENTIAL_SHARE),
      ...growths.powers.flatMap((laws) => growing(laws)),
    ];
  }

  #course(normal: Normal, scale: Scale, growth: Growth, laws: number, assumptions: readonly PathAssumption[]): Course {
    const bank = new PathBank(this.#prior(normal, scale, growth), assumptions);
    return { scale, growth, prior: -Math.log(laws * assumptions.length), bank };
  }

  /** Vague about the drift unless a usual life is given: then as sure as its spread says. */
  #prior({ interval }: Normal, { spread }: Scale, growth: Growth): PathPrior {
    const { typicalLife, typicalSpread } = this.options;
    const usual = typicalLife === undefined ? 0 : 1 / growth.duration(0, typicalLife / interval);
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
    for (const { scale, growth, bank } of this.#courses) {
      bank.push(scale.levelOf(value), growth.duration(this.#age, elapsed), elapsed, scale.logJacobian(value));
    }
    this.#age += elapsed;
  }

  verdict(): LifeVerdict {
    const normal = this.#normal;
    if (!normal) return { phase: "learning" };
    const problem = this.#problem(normal);
    if (problem) return { phase: "healthy", problem };
    if (!this.#onset?.hasBegun) return { phase: "healthy" };
    if (this.#pathLength < MINIMUM_PATH) return { phase: "degrading" };
    const paths = weighed(this.#courses.flatMap((course) => this.#prospects(course)));
    const cdf = mixedPassage(paths);
    const horizon = this.options.horizon / normal.interval;
    const arrived = cdf(0) > 0.5;
    if (!arrived && (mixedApproach(paths) < SURE_OF_APPROACH || this.#isTooFar(cdf, horizon)))
      return { phase: "degrading" };
    const times = quantilesOf(cdf, LIFE_PROBABILITIES, horizon);
    const [low = 0, hours = 0, high = 0] = times.map((time) => time * normal.interval);
    if (!Number.isFinite(hours)) return { phase: "degrading" };
    return { phase: "predicted", life: { hours, low, ...(Number.isFinite(high) && { high }) } };
  }

  /** @param cdf of the time to failure */
  #isTooFar(cdf: (time: number) => number, horizon: number): boolean {
    if (this.options.typicalLife !== undefined || cdf(this.#age) >= MEDIAN) return false;
    return cdf(Math.min(horizon, FORESIGHT * this.#age)) < LATEST;
  }

  #prospects({ scale, growth, prior, bank }: Course): (Prospect & { readonly evidence: number })[] {
    const { failure, failureSpread } = this.options;
    const differ = Math.abs(scale.levelOf(failure + failureSpread) - scale.levelOf(failure - failureSpread)) / 2;
    const failureVariance = Math.max(SMALLEST_SPREAD, differ) ** 2;
    const unsure = growth === STEADY ? 0 : GROWTH_UNCERTAINTY;
    return bank.paths().map(({ evidence, path }) => ({
      evidence: EVIDENCE_SHARE * evidence + prior,
      path: { ...path, driftVariance: path.driftVariance + (unsure * path.drift) ** 2 },
      growth,
      age: this.#age,
      failureVariance,
    }));
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
      shown: this.#shown,
      age: this.#age,
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
    const banks = saved.list("banks", MOST_COURSES);
    if (banks.length === 0) return;
    this.#shown = saved.optionalNumber("shown") ?? 1;
    this.#age = saved.optionalNumber("age") ?? 0;
    // What was saved before wear could accelerate has the steady courses only, and goes on with them.
    this.#courses = this.#coursesFrom(this.#normal as Normal).slice(0, banks.length);
    this.#courses.forEach(({ bank }, i) => {
      bank.restore(banks[i]);
    });
  }
}
