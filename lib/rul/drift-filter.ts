import { SavedState, type Snapshotable } from "../numeric/state";
import type { PathState } from "./first-passage";
import { noiseOf, renewalOf, Swing, type SwingAssumption } from "./swing";

/** How a path behaves, one of the assumptions that the bank weighs against each other. */
export interface PathAssumption {
  /** Share of the noise that belongs to the path itself (Brownian) rather than to the measurement, 0 to 1. */
  readonly roughness: number;
  /** Variance by which the drift wanders per unit of time, in units of the noise variance. */
  readonly wander: number;
  /** Standard deviation by which the drift strays from one reading to the next, as a share of itself; 0 when missing. */
  readonly stray?: number;
  /** Errors of measurement that swing; missing for such that are independent. */
  readonly swing?: SwingAssumption;
}

export interface PathPrior {
  readonly level: number;
  readonly levelVariance: number;
  readonly drift: number;
  readonly driftVariance: number;
  /** Variance of the noise, and how many readings that knowledge is worth. */
  readonly noiseVariance: number;
  readonly noiseWeight: number;
}

/** Readings that the noise variance is learned from, the older ones fading. */
const NOISE_MEMORY = 200;
/** Innovations beyond this many standard deviations are taken as this large: a spike must not turn a path. */
const CLIP = 5;

/**
 * Level, drift and noise variance of one path, learned reading by reading: a Kalman filter whose covariances are in units of
 * the unknown noise variance, which has an inverse gamma distribution, so that all updates are conjugate (West and Harrison
 * 1997, section 4.5). With roughness 0 and no wander it is the Bayesian straight line with independent errors, with roughness
 * 1 the Wiener process with a random drift: the two error models of Gebraeel et al. 2005. With a swing the errors are autocorrelated, and the
 * swing is a part of the state (Harvey 1989, section 2.3.2 and 4.1.4). Memory and time are O(1).
 */
export class DriftFilter implements Snapshotable {
  #level: number;
  #drift: number;
  /** Covariance in units of the noise variance. */
  #pLevel: number;
  #pBoth = 0;
  #pDrift: number;
  /** Noise variance: inverse gamma of shape `#shape` and scale `#scale`. */
  #shape: number;
  #scale: number;
  readonly #swing: Swing | undefined;

  constructor(
    private readonly assumption: PathAssumption,
    prior: PathPrior,
  ) {
    this.#level = prior.level;
    this.#drift = prior.drift;
    this.#shape = prior.noiseWeight / 2;
    const noise = noiseOf(prior, assumption.swing);
    this.#scale = this.#shape * noise;
    this.#pLevel = prior.levelVariance / noise;
    this.#pDrift = prior.driftVariance / noise;
    this.#swing = assumption.swing && new Swing(assumption.swing);
  }

  get noiseVariance(): number {
    return this.#scale / this.#shape;
  }

  /**
   * Takes in a level measured `elapsed` units of time after the one before.
   * @param wear what that time is worth to the path
   * @returns log-likelihood of that level given all before it
   */
  push(level: number, wear: number, elapsed: number): number {
    this.#advance(wear);
    const swing = this.#swing;
    swing?.advance(elapsed, wear, this.#level);
    const withLevel = this.#pLevel + (swing?.withLevel ?? 0);
    const variance = withLevel + (swing ? swing.withLevel + swing.variance : 0) + this.#newShare;
    const error = level - this.#level - (swing?.offset ?? 0);
    const scale = Math.sqrt(this.noiseVariance * variance);
    const likelihood = logStudent(error, scale, 2 * this.#shape);
    const limit = CLIP * scale;
    this.#correct(Math.max(-limit, Math.min(limit, error)), variance, withLevel);
    return likelihood;
  }

  /** Of the noise, what is new with every reading. */
  get #newShare(): number {
    return 1 - this.assumption.roughness - (this.assumption.swing?.share ?? 0);
  }

  #advance(elapsed: number): void {
    const { roughness, wander, stray = 0 } = this.assumption;
    this.#level += this.#drift * elapsed;
    this.#pLevel += 2 * elapsed * this.#pBoth + elapsed * elapsed * this.#pDrift + roughness * elapsed;
    this.#pBoth += elapsed * this.#pDrift;
    this.#pDrift += wander * elapsed + (stray * this.#drift) ** 2 / this.noiseVariance;
  }

  /** @param level covariance of the level with the error, in units of the noise variance */
  #correct(error: number, variance: number, level: number): void {
    const drift = this.#pBoth + (this.#swing?.withDrift ?? 0);
    this.#level += (level / variance) * error;
    this.#drift += (drift / variance) * error;
    this.#pDrift = Math.max(0, this.#pDrift - (drift * drift) / variance);
    this.#pBoth -= (level * drift) / variance;
    this.#pLevel = Math.max(0, this.#pLevel - (level * level) / variance);
    this.#swing?.correct(error, variance, level, drift);
    this.#shape += 0.5;
    this.#scale += (0.5 * error * error) / variance;
    const excess = (2 * this.#shape) / NOISE_MEMORY;
    if (excess <= 1) return;
    this.#shape /= excess;
    this.#scale /= excess;
  }

  /** The path as it stands, its failure level being `failure`. */
  state(failure: number): PathState {
    const noise = this.noiseVariance;
    return {
      distance: failure - this.#level,
      levelVariance: this.#pLevel * noise,
      drift: this.#drift,
      driftVariance: this.#pDrift * noise,
      covariance: this.#pBoth * noise,
      diffusion: this.assumption.roughness * noise,
      noise: (1 - this.assumption.roughness) * noise,
      renewal: renewalOf(this.assumption.swing),
    };
  }

  snapshot(): unknown {
    const path = [this.#level, this.#drift, this.#pLevel, this.#pBoth, this.#pDrift, this.#shape, this.#scale];
    return [...path, ...(this.#swing?.snapshot() ?? [])];
  }

  restore(state: unknown): void {
    const values = new SavedState({ values: state }).numbers("values", 16);
    const [level = 0, drift = 0, pLevel = 0, pBoth = 0, pDrift = 0, shape = 1, scale = 1] = values;
    this.#level = level;
    this.#drift = drift;
    this.#pLevel = pLevel;
    this.#pBoth = pBoth;
    this.#pDrift = pDrift;
    this.#shape = shape;
    this.#scale = scale;
    this.#swing?.restore(values.slice(7));
  }
}

/** Logarithm of Student's density, up to what depends on the degrees alone: those are the same for all filters of a bank. */
function logStudent(error: number, scale: number, degrees: number): number {
  const z = error / scale;
  return -0.5 * (degrees + 1) * Math.log1p((z * z) / degrees) - Math.log(scale);
}
