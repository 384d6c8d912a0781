/** What a block is multiplied by before its spectrum is taken, so that tones between two lines do not smear over all. */
export type TaperName = "rectangular" | "hann" | "flatTop";

export interface Taper {
  readonly name: TaperName;
  readonly weights: Float64Array;
  /** Mean of the weights: amplitudes are divided by it. */
  readonly coherentGain: number;
  /** Mean square of the weights: energies are divided by it. */
  readonly powerGain: number;
  /** Equivalent noise bandwidth in lines: 1 rectangular, 1.5 Hann, 3.77 flat-top (Harris 1978, Proc. IEEE 66:51). */
  readonly noiseBandwidth: number;
}

/** Cosine coefficients; flat-top is SciPy's and MATLAB's (D'Antona and Ferrero 2006), right to 0.01 dB between lines. */
const COSINES: Readonly<Record<TaperName, readonly number[]>> = {
  rectangular: [1],
  hann: [0.5, 0.5],
  flatTop: [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
};

/**
 * What a line that lies `distance` lines from a tone shows of it, by the transform of the cosines (Harris 1978, eq. 13), up to a
 * factor that neighbouring lines share.
 */
export function leakage(name: TaperName, distance: number): number {
  // At whole distances numerator and denominator are 0 together.
  const x = Math.abs(distance - Math.round(distance)) < 1e-9 ? distance + 1e-9 : distance;
  const sum = COSINES[name].reduce((part, cosine, k) => {
    if (k === 0) return cosine / x;
    return part + ((k % 2 ? -cosine : cosine) / 2) * (1 / (x - k) + 1 / (x + k));
  }, 0);
  return Math.abs((Math.sin(Math.PI * x) / Math.PI) * sum);
}

const KEPT_TAPERS = 16;
const tapers = new Map<string, Taper>();

/** A taper of a length, periodic as spectra want it. Kept for the next block of the same length. */
export function taperOf(name: TaperName, length: number): Taper {
  const key = `${name} ${length}`;
  const known = tapers.get(key);
  if (known) return known;
  const taper = makeTaper(name, length);
  if (tapers.size >= KEPT_TAPERS) tapers.delete(tapers.keys().next().value as string);
  tapers.set(key, taper);
  return taper;
}

function makeTaper(name: TaperName, length: number): Taper {
  const weights = new Float64Array(length);
  for (let n = 0; n < length; n++) {
    weights[n] = COSINES[name].reduce(
      (sum, cosine, k) => sum + (k % 2 ? -cosine : cosine) * Math.cos((2 * Math.PI * k * n) / length),
      0,
    );
  }
  const coherentGain = weights.reduce((sum, weight) => sum + weight, 0) / length;
  const powerGain = weights.reduce((sum, weight) => sum + weight * weight, 0) / length;
  return { name, weights, coherentGain, powerGain, noiseBandwidth: powerGain / (coherentGain * coherentGain) };
}
