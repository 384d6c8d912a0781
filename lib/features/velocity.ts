import type { Fourier } from "./fourier";
import { withoutMean } from "./moments";
import { densityAt, linesOf, type Spectrum } from "./spectrum";

/** The band of ISO 20816-1 (before, ISO 10816-1) for machines from 600 r/min on, Hz. */
export const ISO_BAND = { lowHz: 10, highHz: 1000 } as const;

/**
 * Root mean square of the vibration velocity in a band, in mm/s, from the spectrum of an acceleration in m/s2 times
 * `factor`: each line is divided by 2 pi f, which integrates it; the band's low end is the high-pass that keeps the drift of
 * an integration out. Use a Hann spectrum: what leaks from a rectangular one is blown up at low frequencies.
 */
export function velocityRms(spectrum: Spectrum, factor: number, lowHz: number, highHz: number): number {
  const [first, last] = linesOf(spectrum, lowHz, highHz);
  let sum = 0;
  for (let k = first; k <= last; k++) sum += densityAt(spectrum, k) / (2 * Math.PI * k * spectrum.stepHz) ** 2;
  return 1000 * factor * Math.sqrt(sum * spectrum.stepHz);
}

/**
 * The velocity signal in mm/s of an acceleration in m/s2 times `factor`, of the part of it that lies in a band. The block is
 * taken as one period of a signal that repeats, so its ends may swing.
 * @param samples a power of two of them
 * @throws RangeError for another number of samples
 */
export function velocitySignal(
  samples: Float64Array,
  rateHz: number,
  fourier: Fourier,
  band: { readonly factor: number; readonly lowHz: number; readonly highHz: number },
): Float64Array {
  const { length } = samples;
  if (length < 2 || length & (length - 1)) throw new RangeError(`expected a power of two of samples, got ${length}`);
  const lines = fourier.ofReal(withoutMean(samples));
  const velocity = new Float64Array(2 * length);
  const stepHz = rateHz / length;
  const first = Math.max(1, Math.ceil(band.lowHz / stepHz - 1e-9));
  const last = Math.min(length / 2 - 1, Math.floor(band.highHz / stepHz + 1e-9));
  for (let k = first; k <= last; k++) {
    // 1 / (i omega) = -i / omega; twice, for the negative frequency that is left out.
    const scale = (2000 * band.factor) / (2 * Math.PI * k * stepHz);
    velocity[2 * k] = scale * (lines[2 * k + 1] as number);
    velocity[2 * k + 1] = -scale * (lines[2 * k] as number);
  }
  const out = new Float64Array(2 * length);
  fourier.inverse(velocity, out);
  return samples.map((_, n) => out[2 * n] as number);
}
