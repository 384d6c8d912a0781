import type { Normal } from "./baseline";

/** How wear grows: by equal steps, or by equal ratios. */
export type Shape = "linear" | "exponential";

/** A figure of wear on a scale where 0 is normal, 1 is failed, and wear of this shape is a straight line. */
export interface Scale {
  levelOf(value: number): number;
  /** Logarithm of the derivative of the level by the linear scale's, which makes likelihoods comparable. */
  logJacobian(value: number): number;
  /** Standard deviation of normal values on this scale. */
  readonly spread: number;
}

/** Below this share of the way from the origin to failure, values count as this share: a logarithm knows no zero. */
const SMALLEST_SHARE = 0.01;

export function linearScale(normal: Normal, failure: number): Scale {
  const way = failure - normal.level;
  return {
    levelOf: (value) => (value - normal.level) / way,
    logJacobian: () => 0,
    spread: normal.spread / Math.abs(way),
  };
}

/**
 * Logarithm of the distance from the figure's origin, the value of no wear at all: S - φ of Gebraeel et al. 2005.
 * @returns undefined when normal values lie at or beyond the origin, where wear cannot be exponential
 */
export function exponentialScale(normal: Normal, failure: number, origin: number): Scale | undefined {
  const towards = Math.sign(failure - origin);
  const whole = Math.abs(failure - origin);
  const distance = (value: number): number => Math.max(SMALLEST_SHARE * whole, (value - origin) * towards);
  const start = distance(normal.level);
  const way = Math.log(whole / start);
  if (!(way > 0.05)) return undefined;
  const linearWay = Math.abs(failure - normal.level);
  return {
    levelOf: (value) => Math.log(distance(value) / start) / way,
    logJacobian: (value) => Math.log(linearWay / (distance(value) * way)),
    spread: normal.spread / (start * way),
  };
}

/**
 * Values of no wear at all, where none is given: one just beyond what is normal, from which only the wear grows; and 0
 * for figures that rise from above it, such as a vibration, which grow as a whole.
 */
export function usualOrigins(normal: Normal, failure: number): number[] {
  const towards = Math.sign(failure - normal.level);
  const beyond = normal.level - 3 * towards * normal.spread;
  return towards > 0 && beyond > 0 ? [beyond, 0] : [beyond];
}
