/** How a sensor's level moves when nothing is wrong. Values are standardised. */
export interface Drift {
  /** The level takes on this part of each deviation, 0 to 1: 0.001 for a level that stands, more for one that wanders. */
  readonly gain: number;
  /** Variance that the level gains a row while nothing is learned of it. */
  readonly growth: number;
}

/** Levels that stand come first: a faster one must predict clearly better. */
const GAINS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.04];
const CLEARLY_BETTER = 0.6;

/** Differences of the smoothed series are taken over these parts of its length; the first is the reference. */
const SHORT_LAG = 0.1;
const LONG_LAGS = [0.25, 0.375, 0.5, 0.625, 0.75];

/** Deviations beyond this many spreads say nothing about the level. */
const CLIP = 6;

/**
 * Reads from a stretch of normal operation how far its levels wander. Two things are learned: how fast the level should be
 * followed, as the gain of exponential smoothing that predicts best a quarter of the stretch ahead; and how uncertain it becomes
 * when it is not followed, from the structure function E[(x(t + lag) - x(t))^2], whose growth over long lags is the variance
 * of a random walk a row (Kolmogorov's; the variogram of Matheron 1963). Noise and quick fluctuations are in it at the short
 * lag already and cancel.
 * @param values one sensor, standardised; NaN for what is missing
 * @param smoothing weight of the newest value in the short mean, as of the charts
 * @param start the level at the beginning
 */
export function driftOf(values: Float64Array, smoothing: number, start: number): Drift {
  const smooth = smoothed(values, smoothing, start);
  return { gain: gainOf(values, smooth, start), growth: growthOf(smooth) };
}

function smoothed(values: Float64Array, smoothing: number, start: number): Float64Array {
  let mean = start;
  return values.map((value) => {
    if (!Number.isNaN(value)) mean += smoothing * clipped(value - mean, CLIP);
    return mean;
  });
}

function gainOf(values: Float64Array, smooth: Float64Array, start: number): number {
  let gain = GAINS[0] as number;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of GAINS) {
    const error = predictionError(values, smooth, start, candidate);
    if (error >= least * CLEARLY_BETTER) continue;
    least = error;
    gain = candidate;
  }
  return gain;
}

/** Mean square of what the short mean differs from the level a quarter of the stretch before. */
function predictionError(values: Float64Array, smooth: Float64Array, start: number, gain: number): number {
  const ahead = Math.floor(values.length / 4);
  const from = ahead + Math.floor(values.length / 20);
  const levels = new Float64Array(values.length);
  let level = start;
  let squares = 0;
  for (let t = 0; t < values.length; t++) {
    levels[t] = level;
    if (t >= from) squares += ((smooth[t] as number) - (levels[t - ahead] as number)) ** 2;
    const value = values[t] as number;
    if (!Number.isNaN(value)) level += startingGain(gain, t, values.length) * clipped(value - level, CLIP);
  }
  return squares / (values.length - from);
}

function growthOf(smooth: Float64Array): number {
  const reference = structure(smooth, SHORT_LAG);
  return LONG_LAGS.reduce((most, part) => {
    return Math.max(most, (structure(smooth, part) - reference) / (part * smooth.length));
  }, 0);
}

/** Mean square difference over a lag of that part of the length. The smoothing's own start is left out. */
function structure(smooth: Float64Array, part: number): number {
  const lag = Math.floor(part * smooth.length);
  const from = lag + Math.floor(smooth.length / 20);
  let squares = 0;
  for (let t = from; t < smooth.length; t++) squares += ((smooth[t] as number) - (smooth[t - lag] as number)) ** 2;
  return squares / (smooth.length - from);
}

/** At the beginning a level is the plain mean of what there was, its start counting for a tenth of the stretch. */
export function startingGain(gain: number, row: number, rows: number): number {
  return Math.max(gain, 1 / (row + 1 + rows / 10));
}

export function clipped(value: number, most: number): number {
  return value > most ? most : value < -most ? -most : value;
}
