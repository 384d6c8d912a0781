import { integerWithin, numberWithin, SavedState, type Snapshotable, StateError } from "../numeric";

/*
 * What many releases together give away. Losses of Laplace noise add up as they are; those of Gaussian noise are added as
 * Renyi divergences of many orders, which is far tighter, and turned into an (epsilon, delta) at the end (Mironov 2017,
 * "Renyi Differential Privacy"; the conversion is Canonne, Kamath and Steinke 2020, Proposition 12).
 */

/** Orders at which divergences are kept: fine where few releases have their best order, coarse where many have it. */
const ORDERS: readonly number[] = [
  ...range(1.05, 1.95, 0.05),
  ...range(2, 64, 1),
  ...[72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 768, 1024],
];

/** What one or more like releases with Gaussian noise were. */
export interface GaussianRelease {
  /** Standard deviation of the noise in sensitivities: sigma divided by the clipping norm. */
  readonly noiseMultiplier: number;
  /** Chance that any one participant was part of a release, each drawn by itself (Poisson sampling); 1 by default. */
  readonly sampling?: number;
  /** How many releases; 1 by default. */
  readonly releases?: number;
}

/** Adds up the privacy loss of releases about the same participant. */
export class PrivacyAccountant implements Snapshotable {
  /** Of Laplace and randomised-response releases. */
  #pure = 0;
  /** Divergences of all releases by order. */
  readonly #divergences = new Float64Array(ORDERS.length);
  /** The part of them that is Gaussian. */
  readonly #gaussian = new Float64Array(ORDERS.length);
  #hasGaussian = false;

  /** Releases that were epsilon-private each. @throws RangeError */
  spendLaplace(epsilon: number, releases = 1): void {
    numberWithin("epsilon", epsilon, 0, 1e6);
    integerWithin("releases", releases, 0, Number.MAX_SAFE_INTEGER);
    this.#pure += epsilon * releases;
    if (epsilon === 0) return;
    ORDERS.forEach((order, i) => {
      this.#divergences[i]! += releases * laplaceDivergence(order, epsilon);
    });
  }

  /** @throws RangeError naming the option and what was expected */
  spendGaussian({ noiseMultiplier, sampling = 1, releases = 1 }: GaussianRelease): void {
    numberWithin("noiseMultiplier", noiseMultiplier, 1e-3, 1e9);
    numberWithin("sampling", sampling, 0, 1);
    integerWithin("releases", releases, 0, Number.MAX_SAFE_INTEGER);
    if (sampling === 0 || releases === 0) return;
    this.#hasGaussian = true;
    ORDERS.forEach((order, i) => {
      const divergence = releases * sampledGaussianDivergence(order, noiseMultiplier, sampling);
      this.#divergences[i]! += divergence;
      this.#gaussian[i]! += divergence;
    });
  }

  /**
   * The epsilon that holds for all releases together, except with probability delta. With Laplace noise alone delta may
   * be 0; with Gaussian noise it is Infinity then.
   */
  epsilon(delta: number): number {
    numberWithin("delta", delta, 0, 1);
    if (!this.#hasGaussian) return Math.min(this.#pure, bestEpsilon(this.#divergences, delta));
    return Math.min(bestEpsilon(this.#divergences, delta), this.#pure + bestEpsilon(this.#gaussian, delta));
  }

  /** The probability with which all releases together may give away more than epsilon. */
  delta(epsilon: number): number {
    numberWithin("epsilon", epsilon, 0, 1e9);
    if (!this.#hasGaussian && this.#pure <= epsilon) return 0;
    let best = 1;
    ORDERS.forEach((order, i) => {
      const log =
        (order - 1) * ((this.#divergences[i] as number) - epsilon) -
        Math.log(order - 1) +
        order * Math.log1p(-1 / order);
      best = Math.min(best, Math.exp(log));
    });
    return best;
  }

  snapshot(): unknown {
    const { pure, gaussian, divergences } = {
      pure: this.#pure,
      gaussian: this.#gaussian,
      divergences: this.#divergences,
    };
    return { pure, hasGaussian: this.#hasGaussian, divergences: [...divergences], gaussian: [...gaussian] };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    const divergences = saved.numbers("divergences", ORDERS.length);
    const gaussian = saved.numbers("gaussian", ORDERS.length);
    if (divergences.length !== ORDERS.length || gaussian.length !== ORDERS.length) {
      throw new StateError(`divergences: expected ${ORDERS.length} orders`);
    }
    this.#pure = saved.number("pure");
    this.#hasGaussian = saved.any("hasGaussian") === true;
    this.#divergences.set(divergences);
    this.#gaussian.set(gaussian);
  }
}

/**
 * The epsilon of releases with Gaussian noise, at the best of all orders; the divergence of order a is
 * releases a / (2 sigma^2) (Mironov 2017, Proposition 7).
 * @param noiseMultiplier standard deviation of the noise in sensitivities
 * @param delta above 0
 */
export function gaussianEpsilon(noiseMultiplier: number, delta: number, releases = 1): number {
  return concentratedEpsilon(releases / (2 * noiseMultiplier * noiseMultiplier), delta);
}

/** The epsilon of a rho-concentrated loss: what divergences of rho times their order come to (Bun and Steinke 2016). */
export function concentratedEpsilon(rho: number, delta: number): number {
  if (rho === 0) return 0;
  const at = (log: number): number => epsilonOf(1 + Math.exp(log), rho * (1 + Math.exp(log)), delta);
  // The bound is valid at every order, so a search that stops a little beside the best one errs on the safe side.
  let [low, high] = [Math.log(1e-6), Math.log(1e9)];
  const ratio = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 80; i++) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (at(left) < at(right)) high = right;
    else low = left;
  }
  return Math.max(0, at((low + high) / 2));
}

/** Canonne, Kamath and Steinke 2020, Proposition 12, solved for epsilon. */
function epsilonOf(order: number, divergence: number, delta: number): number {
  return divergence + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
}

function bestEpsilon(divergences: Float64Array, delta: number): number {
  if (divergences.every((divergence) => divergence === 0)) return 0;
  let best = Number.POSITIVE_INFINITY;
  ORDERS.forEach((order, i) => {
    best = Math.min(best, epsilonOf(order, divergences[i] as number, delta));
  });
  return Math.max(0, best);
}

/** Divergence of Laplace noise that is epsilon-private: Mironov 2017, Proposition 6, with scale 1 / epsilon. */
export function laplaceDivergence(order: number, epsilon: number): number {
  const near = Math.log(order / (2 * order - 1)) + (order - 1) * epsilon;
  const far = Math.log((order - 1) / (2 * order - 1)) - order * epsilon;
  return logAdd(near, far) / (order - 1);
}

/**
 * Divergence of the Gaussian mechanism on a sample: Mironov, Talwar and Zhang 2019, "Renyi Differential Privacy of the
 * Sampled Gaussian Mechanism", section 3.3, for whole orders. Between them (order - 1) times the divergence is convex, so
 * below 2 that of order 2 is a bound.
 */
export function sampledGaussianDivergence(order: number, noiseMultiplier: number, sampling: number): number {
  const variance = noiseMultiplier * noiseMultiplier;
  if (sampling === 1) return order / (2 * variance);
  const whole = Math.max(2, order);
  let logSum = Number.NEGATIVE_INFINITY;
  let logBinomial = 0;
  for (let k = 0; k <= whole; k++) {
    const weight = (whole - k) * Math.log1p(-sampling) + k * Math.log(sampling);
    logSum = logAdd(logSum, logBinomial + weight + (k * (k - 1)) / (2 * variance));
    logBinomial += Math.log((whole - k) / (k + 1));
  }
  return Math.max(0, logSum) / (whole - 1);
}

function logAdd(a: number, b: number): number {
  const larger = Math.max(a, b);
  return larger === Number.NEGATIVE_INFINITY ? larger : larger + Math.log1p(Math.exp(-Math.abs(a - b)));
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
}
