import { normalUpperTail } from "../detect/tail";

const LOG_SQRT_2PI = 0.9189385332046728;
/** Above this the logarithm is taken of the asymptotic form, long before the tail itself underflows. */
const ASYMPTOTIC_FROM = 20;

/** Probability of a standard normal value of at most z; absolute error below 1e-7. */
export function normalCdf(z: number): number {
  return z > 0 ? 1 - normalUpperTail(z) : normalUpperTail(-z);
}

/**
 * Natural logarithm of `normalCdf`, finite for every finite z: beyond -20 by Abramowitz and Stegun 26.2.12, whose relative
 * error is below 1e-7 there.
 */
export function logNormalCdf(z: number): number {
  if (z >= -ASYMPTOTIC_FROM) return Math.log(normalCdf(z));
  const square = 1 / (z * z);
  return -0.5 * z * z - LOG_SQRT_2PI - Math.log(-z) + Math.log1p(-square + 3 * square * square);
}

/**
 * Standard normal quantile: Abramowitz and Stegun 26.2.23, then two Newton steps on the distribution itself.
 * @param p above 0 and below 1
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  // Absolute error below 4.5e-4 before the steps.
  let z = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (let step = 0; step < 2; step++) {
    const density = Math.exp(-0.5 * z * z - LOG_SQRT_2PI);
    if (density > 0) z -= (normalCdf(z) - p) / density;
  }
  return z;
}
