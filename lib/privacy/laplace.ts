import { integerWithin, numberWithin } from "../numeric";
import { ValueGrid } from "./grid";
import { bernoulliExp, type RandomBits, secureBits, uniformBelow } from "./random";

/*
 * Laplace noise that holds what the formula promises. Floating-point noise added to a floating-point value does not: which
 * doubles can come out depends on the value, so that one output can prove or rule out an input (Mironov 2012, "On
 * Significance of the Least Significant Bits for Differential Privacy"). Here the value is first put on a grid, the noise is
 * a whole number of grid steps drawn by exact integer arithmetic (Canonne, Kamath and Steinke 2020, "The Discrete Gaussian
 * for Differential Privacy", Algorithm 2), and only their sum becomes a double again.
 */

/** The smallest and largest epsilon that the arithmetic below stays exact for. */
export const MIN_EPSILON = 1e-6;
export const MAX_EPSILON = 1000;
/** Most values that one release is made of. */
export const MAX_COUNT = 1_000_000;

/** Grid steps over the range of the values: rounding to it is a tenth of a thousandth of the range. */
const STEPS = 4096;
/** Denominator of the noise's scale, which is a ratio of whole numbers. */
const SCALE_DENOMINATOR = 1024;

/**
 * A whole number x with probability in proportion to exp(-|x| s / t): Laplace noise of scale t/s.
 * Precondition: t and s are whole numbers from 1 to 2^46.
 */
export function discreteLaplace(t: number, s: number, bits: RandomBits): number {
  for (;;) {
    const remainder = uniformBelow(t, bits);
    if (!bernoulliExp(remainder, t, bits)) continue;
    let times = 0;
    while (bernoulliExp(1, 1, bits)) times += 1;
    const size = Math.floor((remainder + t * times) / s);
    const isNegative = uniformBelow(2, bits) === 1;
    if (isNegative && size === 0) continue;
    return isNegative ? -size : size;
  }
}

export interface LaplaceOptions {
  /** Privacy loss of one release, from 1e-6 to 1000: 0.1 is strong, 1 usual, 10 weak. */
  readonly epsilon: number;
  /** What a value can be at least and at most. Values beyond are moved to the bound: what is protected must be bounded. */
  readonly low: number;
  readonly high: number;
  /** How many values one release is made of; 1 by default. */
  readonly count?: number;
  readonly bits?: RandomBits;
}

/**
 * The Laplace mechanism for values with declared bounds, each release epsilon-differentially private in any one of its
 * values (Dwork, McSherry, Nissim and Smith 2006). The sensitivity of a sum is high - low, that of a mean a count-th of it.
 */
export class LaplaceMechanism {
  readonly epsilon: number;
  readonly count: number;
  readonly #grid: ValueGrid;
  readonly #t: number;
  readonly #bits: RandomBits;

  /** @throws RangeError naming the option and what was expected */
  constructor({ epsilon, low, high, count = 1, bits = secureBits() }: LaplaceOptions) {
    this.epsilon = numberWithin("epsilon", epsilon, MIN_EPSILON, MAX_EPSILON);
    this.count = integerWithin("count", count, 1, MAX_COUNT);
    // A strong release may be coarse, a weak one has to be finer than its noise.
    this.#grid = new ValueGrid(low, high, STEPS * Math.max(1, Math.ceil(epsilon)));
    // Rounded up, so that the noise is never smaller than epsilon asks for.
    this.#t = Math.ceil((this.#grid.steps * SCALE_DENOMINATOR) / epsilon);
    this.#bits = bits;
  }

  /** Standard deviation of the noise on a mean, in the values' unit: sqrt(2) (high - low) / (epsilon count). */
  get noiseStd(): number {
    return (Math.SQRT2 * (this.#t / SCALE_DENOMINATOR) * this.#grid.step) / this.count;
  }

  /**
   * The mean of `count` values, with noise; of one value, the value with noise. It may lie outside of the bounds.
   * @throws RangeError when there are not `count` values, or one is not a number
   */
  release(values: ArrayLike<number>): number {
    const sum = this.#grid.sumOf(values, this.count);
    return this.#grid.meanOf(sum + discreteLaplace(this.#t, SCALE_DENOMINATOR, this.#bits), this.count);
  }
}

/**
 * A truth value kept with probability e^epsilon / (1 + e^epsilon), else turned over: randomised response (Warner 1965),
 * epsilon-differentially private.
 * @param epsilon from 1e-6 to 1000
 */
export function randomisedResponse(value: boolean, epsilon: number, bits: RandomBits = secureBits()): boolean {
  numberWithin("epsilon", epsilon, MIN_EPSILON, MAX_EPSILON);
  // Rounded down: turned over a little more often than needed.
  const n = Math.max(1, Math.floor(epsilon * 2 ** 20));
  for (;;) {
    if (uniformBelow(2, bits) === 0) return value;
    if (bernoulliExp(n, 2 ** 20, bits)) return !value;
  }
}

/** Noise on vectors is larger by this share than it was asked for, which pays for their rounding to the grid. */
export const VECTOR_MARGIN = 2 ** -10;

/**
 * The grid for noise of a scale on a vector. Rounding moves each number by up to half a step, so it can bring two vectors
 * apart by a step in each of them: the more numbers, the finer the steps, so that all of them together stay within the
 * margin for any epsilon from 0.001 on.
 * @returns the size of a step, and the noise's scale in steps
 */
export function laplaceVectorGrid(scale: number, length: number): { readonly step: number; readonly t: number } {
  numberWithin("scale", scale, Number.MIN_VALUE, 1e100);
  integerWithin("length", length, 0, 2 ** 26);
  const steps = 2 ** (20 + Math.ceil(Math.log2(Math.max(1, length))));
  return { step: scale / steps, t: steps * (1 + VECTOR_MARGIN) };
}

/**
 * Adds Laplace noise of a scale to every number of a vector, in place. A sum of vectors of an L1 norm of at most `clip` is
 * epsilon-private in each of them with a scale of clip / epsilon.
 * @throws RangeError when the scale is not above 0, or the vector longer than 2^26
 */
export function addLaplaceNoise(vector: Float64Array | Float32Array, scale: number, bits = secureBits()): void {
  const { step, t } = laplaceVectorGrid(scale, vector.length);
  for (let i = 0; i < vector.length; i++) {
    const steps = Math.round((vector[i] as number) / step);
    vector[i] = step * (steps + discreteLaplace(t, 1, bits));
  }
}
