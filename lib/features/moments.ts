/** The shape of a block in the time domain; all in the samples' unit, or in none. */
export interface TimeFigures {
  readonly mean: number;
  /** Population standard deviation, divisor n: the rms of the vibration without gravity. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** Root of the mean square, the mean included. */
  readonly rms: number;
  /** Largest distance from zero. */
  readonly peak: number;
  readonly peakToPeak: number;
  /** peak / rms: 1.41 for a sine, about 4 for noise, 6 and more for impacts. Undefined for silence. */
  readonly crest: number | undefined;
  /** Third standardised moment, population (biased); undefined for a block that stands still. */
  readonly skewness: number | undefined;
  /** Fourth standardised moment, population (biased), Pearson's: 3 for noise, 1.5 for a sine. */
  readonly kurtosis: number | undefined;
  /** rms / mean of the magnitudes. */
  readonly shapeFactor: number | undefined;
  /** peak / mean of the magnitudes. */
  readonly impulseFactor: number | undefined;
  /** How often the signal crosses its mean, either way. */
  readonly zeroCrossings: number;
}

/**
 * Figures of a block in three passes over differences from one of its samples, so that they are right to the last digits
 * of their spread however far from zero the samples are (two-pass algorithm: Chan, Golub and LeVeque 1983, The American
 * Statistician 37:242).
 * @param samples at least one, all finite
 */
export function timeFigures(samples: Float64Array): TimeFigures {
  const { min, max, meanMagnitude } = extremes(samples);
  const origin = samples[0] as number;
  const meanOffset = meanAbout(samples, origin);
  const { second, third, fourth } = centralMoments(samples, origin, meanOffset);
  const mean = origin + meanOffset;
  const std = Math.sqrt(second);
  const rms = Math.hypot(mean, std);
  const peak = Math.max(Math.abs(min), Math.abs(max));
  // A spread that is only the rounding of the samples, or whose square is no double any more, has no shape.
  const isFlat = std <= 1e-15 * peak || second < 1e-150;
  return {
    mean,
    std,
    min,
    max,
    rms,
    peak,
    peakToPeak: max - min,
    crest: rms > 0 ? peak / rms : undefined,
    skewness: isFlat ? undefined : third / (second * std),
    kurtosis: isFlat ? undefined : fourth / (second * second),
    shapeFactor: meanMagnitude > 0 ? rms / meanMagnitude : undefined,
    impulseFactor: meanMagnitude > 0 ? peak / meanMagnitude : undefined,
    zeroCrossings: crossings(samples, origin, meanOffset),
  };
}

/** The samples less their mean. */
export function withoutMean(samples: Float64Array): Float64Array {
  const origin = samples[0] ?? 0;
  const offset = meanAbout(samples, origin);
  return samples.map((sample) => sample - origin - offset);
}

/** The samples less the straight line that fits them best by least squares: gravity and a slow drift. */
export function withoutTrend(samples: Float64Array): Float64Array {
  const { length } = samples;
  const out = withoutMean(samples);
  const middle = (length - 1) / 2;
  let slope = 0;
  for (let i = 0; i < length; i++) slope += (i - middle) * (out[i] as number);
  slope *= 12 / (length * (length * length - 1));
  if (!Number.isFinite(slope)) return out;
  for (let i = 0; i < length; i++) out[i]! -= slope * (i - middle);
  return out;
}

function extremes(samples: Float64Array): { min: number; max: number; meanMagnitude: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] as number;
    if (sample < min) min = sample;
    if (sample > max) max = sample;
    sum += Math.abs(sample);
  }
  return { min, max, meanMagnitude: sum / samples.length };
}

function meanAbout(samples: Float64Array, origin: number): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] as number) - origin;
  return samples.length === 0 ? 0 : sum / samples.length;
}

function centralMoments(samples: Float64Array, origin: number, mean: number) {
  let [second, third, fourth] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const deviation = (samples[i] as number) - origin - mean;
    const square = deviation * deviation;
    second += square;
    third += square * deviation;
    fourth += square * square;
  }
  const n = samples.length;
  return { second: second / n, third: third / n, fourth: fourth / n };
}

/** Changes of side; a sample on the line belongs to the side before it. */
function crossings(samples: Float64Array, origin: number, mean: number): number {
  let side = 0;
  let count = 0;
  for (let i = 0; i < samples.length; i++) {
    const now = Math.sign((samples[i] as number) - origin - mean);
    if (now === 0 || now === side) continue;
    if (side !== 0) count += 1;
    side = now;
  }
  return count;
}
