import type { Loss } from "./budget";
import { GaussianMechanism } from "./gaussian";
import { LaplaceMechanism, randomisedResponse } from "./laplace";
import { type RandomBits, secureBits } from "./random";

export interface MechanismOptions {
  readonly kind: "laplace" | "gaussian";
  readonly epsilon: number;
  /** For Gaussian noise. */
  readonly delta: number;
  readonly low: number;
  readonly high: number;
  /** How many values one release is the mean of. */
  readonly count: number;
  readonly bits?: RandomBits;
}

/** A way to release values of one sensor, with what each release costs. */
export interface Mechanism {
  readonly loss: Loss;
  /** Standard deviation of the noise on a released mean, in the values' unit. */
  readonly noiseStd: number;
  /** The mean of `count` values with noise. */
  release(values: readonly number[]): number;
}

/** @throws RangeError naming the option and what was expected */
export function createMechanism({ kind, ...options }: MechanismOptions): Mechanism {
  if (kind === "laplace") {
    const laplace = new LaplaceMechanism(options);
    const { noiseStd } = laplace;
    return { loss: { epsilon: options.epsilon, rho: 0 }, noiseStd, release: (values) => laplace.release(values) };
  }
  const gaussian = new GaussianMechanism(options);
  const { noiseStd, noiseMultiplier } = gaussian;
  const rho = 1 / (2 * noiseMultiplier * noiseMultiplier);
  return { loss: { epsilon: 0, rho }, noiseStd, release: (values) => gaussian.release(values) };
}

/** For truth values, which noise does not fit: pure, whatever the mechanism for numbers. */
export function truthMechanism(epsilon: number, bits: RandomBits = secureBits()) {
  return {
    loss: { epsilon, rho: 0 } satisfies Loss,
    release: (value: boolean): boolean => randomisedResponse(value, epsilon, bits),
  };
}
