import { integerWithin, numberWithin } from "../numeric";
import { gaussianEpsilon } from "./accountant";
import { ValueGrid } from "./grid";
import { discreteLaplace, MAX_COUNT, MAX_EPSILON, VECTOR_MARGIN } from "./laplace";
import { bernoulliExp, type RandomBits, secureBits } from "./random";

/** Grid steps of one standard deviation of the noise on means. */
const SIGMA_STEPS = 2 ** 20;
/** Below, the noise would be more than 10 000 times the range, and the range less than a hundred steps. */
const MIN_GAUSSIAN_EPSILON = 1e-3;

/**
 * A whole number x with probability in proportion to exp(-x^2 / (2 sigma^2)): Canonne, Kamath and Steinke 2020,
 * Algorithm 3, by exact integer arithmetic. Noise of it gives the same concentrated privacy as continuous Gaussian noise
 * (their Theorem 4).
 * Precondition: sigma is a whole number from 1 to 2^22 x 1.001, so that squares are exact.
 */
export function discreteGaussian(sigma: number, bits: RandomBits): number {
  const d = 2 * sigma * sigma;
  for (;;) {
    const drawn = discreteLaplace(sigma, 1, bits);
    const beyond = Math.abs(drawn) - sigma;
    // So far out it would be taken once in 10^87 times, and its square might not be exact.
    if (beyond > 20 * sigma) continue;
    if (bernoulliExp(beyond * beyond, d, bits)) return drawn;
  }
}

/**
 * The smallest standard deviation of Gaussian noise for one (epsilon, delta)-private release, by Renyi divergence (see
 * `gaussianEpsilon`), which also holds for discrete noise.
 * @param sensitivity largest distance (L2) that one protected value can move the result, in the result's unit
 * @throws RangeError naming the option and what was expected
 */
export function gaussianSigma(epsilon: number, delta: number, sensitivity = 1): number {
  numberWithin("epsilon", epsilon, MIN_GAUSSIAN_EPSILON, MAX_EPSILON);
  numberWithin("delta", delta, 1e-15, 0.5);
  let tooLittle = 1e-2;
  let enough = 1e5;
  while (enough / tooLittle > 1 + 1e-9) {
    const middle = Math.sqrt(tooLittle * enough);
    if (gaussianEpsilon(middle, delta) <= epsilon) enough = middle;
    else tooLittle = middle;
  }
  return enough * sensitivity;
}

/** Steps of one standard deviation of the noise on vectors: the most that the arithmetic holds. */
const VECTOR_STEPS = 2 ** 22;

/**
 * Adds Gaussian noise of a standard deviation to every number of a vector, in place: sigma = clip x noiseMultiplier for a sum
 * of vectors of an L2 norm of at most `clip`. The noise is larger than asked for by VECTOR_MARGIN, which pays for the
 * vector's rounding to the grid as long as the root of its length times the noise multiplier is at most 4096: a million
 * numbers with a multiplier of 4.
 * @throws RangeError when sigma is not above 0
 */
export function addGaussianNoise(vector: Float64Array | Float32Array, sigma: number, bits = secureBits()): void {
  numberWithin("sigma", sigma, Number.MIN_VALUE, 1e100);
  const step = sigma / VECTOR_STEPS;
  const noise = VECTOR_STEPS * (1 + VECTOR_MARGIN);
  for (let i = 0; i < vector.length; i++) {
    const steps = Math.round((vector[i] as number) / step);
    vector[i] = step * (steps + discreteGaussian(noise, bits));
  }
}

export interface GaussianOptions {
  /** Privacy loss of one release, from 0.001 to 1000. */
  readonly epsilon: number;
  /** Probability that a release says more than epsilon allows; well below one in the number of those protected. */
  readonly delta: number;
  readonly low: number;
  readonly high: number;
  /** How many values one release is the mean of; 1 by default. */
  readonly count?: number;
  readonly bits?: RandomBits;
}

/** The Gaussian mechanism for values with declared bounds: each release (epsilon, delta)-private in any one of its values. */
export class GaussianMechanism {
  /** Standard deviation of the noise in sensitivities, which is what an accountant adds up. */
  readonly noiseMultiplier: number;
  readonly count: number;
  readonly #grid: ValueGrid;
  readonly #bits: RandomBits;

  /** @throws RangeError naming the option and what was expected */
  constructor({ epsilon, delta, low, high, count = 1, bits = secureBits() }: GaussianOptions) {
    this.count = integerWithin("count", count, 1, MAX_COUNT);
    // Rounded down, so that the noise in sensitivities is never smaller than was asked for.
    this.#grid = new ValueGrid(low, high, Math.floor(SIGMA_STEPS / gaussianSigma(epsilon, delta)));
    this.noiseMultiplier = SIGMA_STEPS / this.#grid.steps;
    this.#bits = bits;
  }

  /** Standard deviation of the noise on a mean, in the values' unit. */
  get noiseStd(): number {
    return (SIGMA_STEPS * this.#grid.step) / this.count;
  }

  /**
   * The mean of `count` values with noise. It may lie outside of the bounds.
   * @throws RangeError when there are not `count` values, or one is not a number
   */
  release(values: ArrayLike<number>): number {
    const sum = this.#grid.sumOf(values, this.count);
    return this.#grid.meanOf(sum + discreteGaussian(SIGMA_STEPS, this.#bits), this.count);
  }
}
