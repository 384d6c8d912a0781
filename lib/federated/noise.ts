import { numberWithin, type Snapshotable } from "../numeric";
import { addGaussianNoise, addLaplaceNoise, PrivacyAccountant, type RandomBits } from "../privacy";
import { type Contribution, norm1, norm2, weightedSum } from "./aggregate";

/** Noise that hides whether any one client took part as it did; undefined for none. */
export type NoiseOptions =
  | { readonly kind: "gaussian"; readonly multiplier: number; readonly delta: number }
  | { readonly kind: "laplace"; readonly epsilon: number };

/** The norm by which deltas must be clipped for the noise to fit: Gaussian noise goes with L2, Laplace noise with L1. */
export function normFor(noise: NoiseOptions | undefined): (vector: ArrayLike<number>) => number {
  return noise?.kind === "laplace" ? norm1 : norm2;
}

/** @throws RangeError naming the option, its value and what was expected */
export function checkNoise(noise: NoiseOptions): NoiseOptions {
  if (noise.kind === "laplace") numberWithin("noiseEpsilon", noise.epsilon, 1e-3, 1000);
  else {
    numberWithin("noiseMultiplier", noise.multiplier, 0.01, 1000);
    numberWithin("delta", noise.delta, 1e-15, 0.1);
  }
  return noise;
}

/**
 * The mean of clipped deltas with noise: the sum gets noise in proportion to the clipping norm, then is divided by the
 * number of clients (Dwork and Roth 2014, theorem A.1 for Gaussian, 3.6 for Laplace noise; McMahan et al. 2018, ICLR, for its
 * use in federated averaging). All clients count the same, since a weight would be one more thing a client gives away. What
 * is protected is one client's delta being what it is instead of zero, with the number of clients known.
 * @param bits randomness of a cryptographic generator by default
 */
export function noisyMean(
  contributions: readonly Contribution[],
  clip: number,
  noise: NoiseOptions,
  bits?: RandomBits,
): Float64Array {
  const sum = weightedSum(contributions, () => 1);
  if (noise.kind === "laplace") addLaplaceNoise(sum, clip / noise.epsilon, bits);
  else addGaussianNoise(sum, clip * noise.multiplier, bits);
  return sum.map((value) => value / contributions.length);
}

/** What all rounds together have given away of any one client, and whether one more round is within the budget. */
export class RoundAccountant implements Snapshotable {
  readonly #accountant = new PrivacyAccountant();

  /** @param budget largest epsilon, undefined for none */
  constructor(
    private readonly noise: NoiseOptions,
    private readonly budget: number | undefined,
  ) {}

  /** Holds except with `delta`, which is 0 for Laplace noise. */
  get epsilon(): number {
    return this.#accountant.epsilon(this.#delta);
  }

  get canAfford(): boolean {
    return this.budget === undefined || this.afterRound().epsilon <= this.budget;
  }

  /** An account like this one with one more round spent. */
  afterRound(): RoundAccountant {
    const after = new RoundAccountant(this.noise, this.budget);
    after.restore(this.snapshot());
    after.#spend();
    return after;
  }

  get #delta(): number {
    return this.noise.kind === "gaussian" ? this.noise.delta : 0;
  }

  #spend(): void {
    if (this.noise.kind === "laplace") this.#accountant.spendLaplace(this.noise.epsilon);
    else this.#accountant.spendGaussian({ noiseMultiplier: this.noise.multiplier });
  }

  snapshot(): unknown {
    return this.#accountant.snapshot();
  }

  restore(state: unknown): void {
    this.#accountant.restore(state);
  }
}
