import { logNormalCdf, normalCdf, normalQuantile } from "./normal";

/** What is known of a degradation path at this moment; times in one unit, levels in another, the failure level being `distance` away. */
export interface PathState {
  /** From the expected level to the failure level; at or below 0 the path is expected to have arrived. */
  readonly distance: number;
  /** Variance of the level. */
  readonly levelVariance: number;
  /** Expected change of the level per unit of time, towards failure, and its variance. */
  readonly drift: number;
  readonly driftVariance: number;
  /** Covariance of level and drift. */
  readonly covariance: number;
  /** Variance that the path itself gains per unit of time (Brownian motion); 0 for a straight path. */
  readonly diffusion: number;
  /** Variance of a reading around the path, for `sightedPassage`. */
  readonly noise?: number;
  /** Readings after which that noise is another one; 1 when missing. */
  readonly renewal?: number;
}

/** How failure is told, for `sightedPassage`. */
export interface FailureLevel {
  /** By how much the level at which devices fail differs, in the path's levels. */
  readonly variance: number;
  /** Units of the path's time between readings. */
  readonly pace: number;
  /** Over how many drifts the distribution is averaged; 16 when missing. */
  readonly drifts?: number;
}

/** Equally probable drifts over which the path's distribution is averaged. */
const DRIFTS = 16;
const LARGEST_EXPONENT = 1e6;
/** Quantiles are sought from this share of the horizon on, and to half a percent. */
const SMALLEST_SHARE = 1e-6;
const TOLERANCE = 1.005;
const MOST_STEPS = 60;

interface DriftNode {
  readonly drift: number;
  readonly distance: number;
  readonly variance: number;
}

/**
 * Distribution of the time at which a path first reaches its failure level, given that it moves towards it (a machine
 * does not heal): a function from time to the probability that it has happened by then.
 *
 * For one drift b, level normal with variance v and diffusion s², the time is inverse Gaussian mixed over the level:
 * F(l) = Φ((b l - w) / √(s² l + v)) + exp(2 b w / s² + 2 b² v / s⁴) Φ(-(w + b l + 2 b v / s²) / √(s² l + v)),
 * which for v = 0 is the first passage of a Wiener process (Cox and Miller 1965, section 5.7) and for s² = 0 the
 * residual life of Gebraeel, Lawley, Li and Ryan 2005 (IIE Transactions 37:543, eq. 6). The drift's uncertainty is averaged over
 * its normal distribution above 0.
 */
export function firstPassage(path: PathState): (time: number) => number {
  return passageOf(driftNodes(path), path.diffusion);
}

/** Median and spread of how far below failure a path is when the first reading is beyond it: fits for 1 to 10 000 readings a noise. */
const SIGHTING_SCALE = 1.7;
const SIGHTING_SPREAD = 0.5;
const MOST_SURE = 0.9999;

/**
 * The same of a failure that is told by readings. Whether a device has failed when its path reaches the failure level, or
 * when a noisy reading first does, depends on who looks: half of the distribution is of the one, half of the other, which
 * comes the sooner the slower the path is, since more readings are close to failure then.
 */
export function sightedPassage(path: PathState, { variance, pace, drifts }: FailureLevel): (time: number) => number {
  const nodes = driftNodes(path, drifts).map((node) => ({ ...node, variance: node.variance + variance }));
  const noise = Math.sqrt(path.noise ?? 0);
  const seen = nodes.map((node) => {
    const readings = noise / (node.drift * pace * (path.renewal ?? 1));
    const share = Number.isFinite(readings) ? readings / (readings + SIGHTING_SCALE) : 1;
    const ahead = noise === 0 ? 0 : noise * Math.max(0, normalQuantile(Math.min(MOST_SURE, Math.max(0.5, share))));
    return { ...node, distance: node.distance - ahead, variance: node.variance + (SIGHTING_SPREAD * noise) ** 2 };
  });
  return passageOf([...nodes, ...seen], path.diffusion);
}

function passageOf(nodes: readonly DriftNode[], diffusion: number): (time: number) => number {
  return (time) => {
    let sum = 0;
    for (const node of nodes) sum += passageOfDrift(time, node, diffusion);
    return sum / nodes.length;
  };
}

/** Probability that the path moves towards failure at all. */
export function probabilityOfApproach({ drift, driftVariance }: PathState): number {
  return driftVariance > 0 ? normalCdf(drift / Math.sqrt(driftVariance)) : drift > 0 ? 1 : 0;
}

function driftNodes(path: PathState, drifts = DRIFTS): DriftNode[] {
  const { drift, driftVariance, covariance, levelVariance, distance } = path;
  if (!(driftVariance > 0)) return [{ drift: Math.max(0, drift), distance, variance: levelVariance }];
  const spread = Math.sqrt(driftVariance);
  const negative = normalCdf(-drift / spread);
  const slope = covariance / driftVariance;
  const variance = Math.max(0, levelVariance - slope * covariance);
  return Array.from({ length: drifts }, (_, i) => {
    const p = Math.min(negative + ((1 - negative) * (i + 0.5)) / drifts, 1 - 1e-12);
    const deviation = spread * normalQuantile(p);
    return { drift: Math.max(0, drift + deviation), distance: distance - slope * deviation, variance };
  });
}

function passageOfDrift(time: number, { drift, distance, variance }: DriftNode, diffusion: number): number {
  const spread = Math.sqrt(diffusion * time + variance);
  if (spread === 0) return drift * time >= distance ? 1 : 0;
  const direct = normalCdf((drift * time - distance) / spread);
  if (diffusion === 0 || distance <= 0) return direct;
  const exponent = (2 * drift * distance) / diffusion + (2 * drift * drift * variance) / (diffusion * diffusion);
  // With next to no diffusion the reflected part vanishes, and its two factors are too large to be multiplied.
  if (!(exponent < LARGEST_EXPONENT)) return direct;
  const argument = -(distance + drift * time + (2 * drift * variance) / diffusion) / spread;
  return Math.min(1, direct + Math.exp(Math.min(0, exponent + logNormalCdf(argument))));
}

/**
 * The time by which a distribution reaches each of some probabilities, to half a percent.
 * @param cdf not decreasing
 * @param probabilities ascending
 * @param horizon times beyond it are not looked for: Infinity is given for them
 */
export function quantilesOf(
  cdf: (time: number) => number,
  probabilities: readonly number[],
  horizon: number,
): number[] {
  const smallest = horizon * SMALLEST_SHARE;
  let from = smallest;
  return probabilities.map((probability) => {
    const excess = (time: number): number => cdf(time) - probability;
    const before = excess(from);
    if (before >= 0) return from === smallest ? 0 : from;
    const after = excess(horizon);
    if (after < 0) return Number.POSITIVE_INFINITY;
    from = rootOf(excess, [from, before], [horizon, after]);
    return from;
  });
}

type Point = readonly [time: number, excess: number];

/** Where a rising function crosses 0, searched on a logarithmic scale: by halving and by the chord in turn. */
function rootOf(excess: (time: number) => number, below: Point, above: Point): number {
  let [low, atLow] = below;
  let [high, atHigh] = above;
  for (let step = 0; high / low > TOLERANCE && step < MOST_STEPS; step++) {
    const share = step % 2 === 0 ? 0.5 : Math.max(0.02, Math.min(0.98, -atLow / (atHigh - atLow)));
    const middle = low * (high / low) ** share;
    const value = excess(middle);
    if (value < 0) [low, atLow] = [middle, value];
    else [high, atHigh] = [middle, value];
  }
  return Math.sqrt(low * high);
}
