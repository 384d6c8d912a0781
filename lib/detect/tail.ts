const INVERSE_SQRT_2PI = 0.3989422804014327;

/** Beyond this the polynomial's absolute error is no longer small against the tail itself. */
const CONTINUED_FRACTION_FROM = 3;
const CONTINUED_FRACTION_DEPTH = 24;

/**
 * Probability of a standard normal value above z, for z >= 0: Abramowitz and Stegun 26.2.17 below 3 (absolute error
 * 7.5e-8), the continued fraction 26.2.14 above. Relative error below 1e-4 everywhere.
 */
export function normalUpperTail(z: number): number {
  const density = INVERSE_SQRT_2PI * Math.exp(-0.5 * z * z);
  if (z >= CONTINUED_FRACTION_FROM) {
    let fraction = z;
    for (let k = CONTINUED_FRACTION_DEPTH; k >= 1; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  const t = 1 / (1 + 0.2316419 * z);
  return density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

/**
 * Probability that |T| exceeds t, for Student's distribution with `degrees` of freedom. Relative error below 1 % from 3
 * degrees up to t = 20.
 * @param t >= 0
 * @param degrees >= 2
 */
export function studentTwoSidedTail(t: number, degrees: number): number {
  return 2 * normalUpperTail(normalOfStudent(t, degrees));
}

/**
 * The standard normal deviate that is as unusual as t is by Student's distribution: Hill 1970 (CACM 13:617, algorithm 395).
 * @param t >= 0
 * @param degrees >= 2
 */
export function normalOfStudent(t: number, degrees: number): number {
  const a = degrees - 0.5;
  const b = 48 * a * a;
  const y = a * Math.log1p((t * t) / degrees);
  const correction = (((-0.4 * y - 3.3) * y - 24) * y - 85.5) / (0.8 * y * y + 100 + b);
  return Math.sqrt(y) * (1 + (correction + y + 3) / b);
}

/** Probability of a standard normal value above z, for any z. */
export function normalTail(z: number): number {
  return z >= 0 ? normalUpperTail(z) : 1 - normalUpperTail(-z);
}
