import type { PathPrior } from "./drift-filter";

/** Errors of measurement that swing slowly around the path, such as those that come of a changing load, besides those that are new with every reading. */
export interface SwingAssumption {
  /** Length of the swings, in units of the usual time between readings: what is off now says little about what is off that much later. */
  readonly memory: number;
  /** Their share of the variance of all errors, above 0 and below 1. */
  readonly share: number;
  /** They grow with wear, as those of a load do that multiplies it; shares and the noise variance are those of a failed device then. */
  readonly grows: boolean;
}

/** A swing that grows with wear is never less than this share of what it is at failure, nor more than so many times. */
const LEAST_GAIN = 0.02;
const LARGEST_GAIN = 1.5;
/** Within this share of their length swings are seen at another value: they cross their middle once in 3.6 lengths (Rice 1944). */
const RENEWAL = 0.4;

/**
 * The swing part of a filter's state: a Gaussian process of Matérn's class with smoothness 3/2, that is with the covariance
 * s (1 + x) exp(-x), x = √3 t / memory, which in state-space form has its value and its scaled slope as states (Hartikainen and Särkkä 2010, IEEE MLSP,
 * "Kalman filtering and smoothing solutions to temporal Gaussian process regression models"). Smooth as loads are, it is foretold from
 * one reading to the next as well as a path that turns, and unlike that returns. Covariances are in units of the noise variance.
 */
export class Swing {
  #value = 0;
  #slope = 0;
  #pValue: number;
  #pBoth = 0;
  #pSlope: number;
  #levelValue = 0;
  #levelSlope = 0;
  #driftValue = 0;
  #driftSlope = 0;
  /** By how much the swing counts at the level that is expected now. */
  #gain = 1;

  constructor(private readonly assumption: SwingAssumption) {
    this.#pValue = this.#pSlope = assumption.share;
  }

  /** What the readings are expected to be off by. */
  get offset(): number {
    return this.#gain * this.#value;
  }

  /** Covariances of that with level, drift and itself. */
  get withLevel(): number {
    return this.#gain * this.#levelValue;
  }

  get withDrift(): number {
    return this.#gain * this.#driftValue;
  }

  get variance(): number {
    return this.#gain * this.#gain * this.#pValue;
  }

  /**
   * @param elapsed units of time since the last reading
   * @param wear what they are worth to the path
   * @param level that the path is expected to have now
   */
  advance(elapsed: number, wear: number, level: number): void {
    const { memory, share, grows } = this.assumption;
    const x = (Math.sqrt(3) * elapsed) / memory;
    const decay = Math.exp(-x);
    // Of the transition: v is the value and s the slope, vs what the slope before brings to the value.
    const vv = decay * (1 + x);
    const vs = decay * x;
    const ss = decay * (1 - x);
    const value = this.#value;
    this.#value = vv * value + vs * this.#slope;
    this.#slope = ss * this.#slope - vs * value;
    const a = this.#pValue;
    const b = this.#pBoth;
    const c = this.#pSlope;
    this.#pValue = vv * vv * a + 2 * vv * vs * b + vs * vs * c + share * (1 - vv * vv - vs * vs);
    this.#pBoth = (vv * ss - vs * vs) * b + vs * (ss * c - vv * a) + share * vs * (vv - ss);
    this.#pSlope = vs * vs * a - 2 * vs * ss * b + ss * ss * c + share * (1 - vs * vs - ss * ss);
    const levelValue = this.#levelValue + wear * this.#driftValue;
    const levelSlope = this.#levelSlope + wear * this.#driftSlope;
    this.#levelValue = vv * levelValue + vs * levelSlope;
    this.#levelSlope = ss * levelSlope - vs * levelValue;
    const driftValue = this.#driftValue;
    this.#driftValue = vv * driftValue + vs * this.#driftSlope;
    this.#driftSlope = ss * this.#driftSlope - vs * driftValue;
    this.#gain = grows ? Math.max(LEAST_GAIN, Math.min(LARGEST_GAIN, level)) : 1;
  }

  /**
   * Learns from an error of the forecast.
   * @param variance of that error
   * @param level its covariance with the level; `drift` that with the drift
   */
  correct(error: number, variance: number, level: number, drift: number): void {
    const value = this.#levelValue + this.#gain * this.#pValue;
    const slope = this.#levelSlope + this.#gain * this.#pBoth;
    this.#value += (value / variance) * error;
    this.#slope += (slope / variance) * error;
    this.#pValue = Math.max(0, this.#pValue - (value * value) / variance);
    this.#pBoth -= (value * slope) / variance;
    this.#pSlope = Math.max(0, this.#pSlope - (slope * slope) / variance);
    this.#levelValue -= (level * value) / variance;
    this.#levelSlope -= (level * slope) / variance;
    this.#driftValue -= (drift * value) / variance;
    this.#driftSlope -= (drift * slope) / variance;
  }

  snapshot(): readonly number[] {
    return [
      this.#value,
      this.#slope,
      this.#pValue,
      this.#pBoth,
      this.#pSlope,
      this.#levelValue,
      this.#levelSlope,
      this.#driftValue,
      this.#driftSlope,
    ];
  }

  restore(saved: readonly number[]): void {
    const { share } = this.assumption;
    [
      this.#value = 0,
      this.#slope = 0,
      this.#pValue = share,
      this.#pBoth = 0,
      this.#pSlope = share,
      this.#levelValue = 0,
      this.#levelSlope = 0,
      this.#driftValue = 0,
      this.#driftSlope = 0,
    ] = saved;
  }
}

/** Readings after which a swing is seen at another value; 1 without one. */
export function renewalOf(swing: SwingAssumption | undefined): number {
  return swing ? 1 + RENEWAL * swing.share * swing.memory : 1;
}

/** A prior's noise variance is that of a healthy device, where of a swing that grows there is next to nothing. */
export function noiseOf({ noiseVariance }: PathPrior, swing: SwingAssumption | undefined): number {
  return swing?.grows ? noiseVariance / (1 - swing.share) : noiseVariance;
}
