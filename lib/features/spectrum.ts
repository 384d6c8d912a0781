import type { Fourier } from "./fourier";
import { withoutMean } from "./moments";
import { leakage, type Taper, type TaperName, taperOf } from "./taper";

/**
 * A one-sided spectrum: line k is at k x stepHz, up to half the sample rate. `squares` are the squared magnitudes of the
 * tapered transform; what is asked for is scaled from them.
 */
export interface Spectrum {
  readonly stepHz: number;
  readonly squares: Float64Array;
  readonly samples: number;
  readonly taper: Taper;
}

/** A tone found in a spectrum. */
export interface Tone {
  readonly frequency: number;
  /** Peak amplitude, in the samples' unit. */
  readonly amplitude: number;
}

/** The spectrum of a block, its mean removed first: gravity would leak into the lines beside zero. */
export function spectrumOf(samples: Float64Array, rateHz: number, fourier: Fourier, taperName: TaperName): Spectrum {
  const taper = taperOf(taperName, samples.length);
  const tapered = withoutMean(samples);
  if (taperName !== "rectangular") for (let i = 0; i < tapered.length; i++) tapered[i]! *= taper.weights[i] as number;
  const lines = fourier.ofReal(tapered);
  const squares = new Float64Array(lines.length / 2);
  for (let k = 0; k < squares.length; k++) {
    const [re, im] = [lines[2 * k] as number, lines[2 * k + 1] as number];
    squares[k] = re * re + im * im;
  }
  return { stepHz: rateHz / samples.length, squares, samples: samples.length, taper };
}

/** 2 for lines that stand for a positive and a negative frequency, 1 for zero and half the sample rate. */
function sides(spectrum: Spectrum, k: number): number {
  return k === 0 || 2 * k === spectrum.samples ? 1 : 2;
}

/** Peak amplitude of line k: what a sine on that line has, in the samples' unit. */
export function amplitudeAt(spectrum: Spectrum, k: number): number {
  const square = spectrum.squares[k] ?? 0;
  return (sides(spectrum, k) * Math.sqrt(square)) / (spectrum.samples * spectrum.taper.coherentGain);
}

/** Peak amplitudes of all lines. */
export function amplitudes(spectrum: Spectrum): Float64Array {
  return spectrum.squares.map((_, k) => amplitudeAt(spectrum, k));
}

/** Power spectral density of line k, one-sided, in unit squared per Hz: their sum times stepHz is the variance. */
export function densityAt(spectrum: Spectrum, k: number): number {
  const { squares, samples, stepHz, taper } = spectrum;
  return (sides(spectrum, k) * (squares[k] ?? 0)) / (samples * samples * stepHz * taper.powerGain);
}

/** Lines of a band, both ends included, as far as the spectrum has them; without the line at zero. */
export function linesOf(spectrum: Spectrum, lowHz: number, highHz: number): readonly [first: number, last: number] {
  // A bound that is meant to lie on a line must not miss it by the last digit of a quotient.
  const first = Math.max(1, Math.ceil(lowHz / spectrum.stepHz - 1e-9));
  return [first, Math.min(spectrum.squares.length - 1, Math.floor(highHz / spectrum.stepHz + 1e-9))];
}

/** Mean square of what lies in a band, in unit squared: the band's share of the variance. */
export function bandEnergy(spectrum: Spectrum, lowHz: number, highHz: number): number {
  const [first, last] = linesOf(spectrum, lowHz, highHz);
  let sum = 0;
  for (let k = first; k <= last; k++) sum += densityAt(spectrum, k);
  return sum * spectrum.stepHz;
}

/** Mean frequency weighted by the amplitudes, in Hz; undefined for silence. */
export function spectralCentroid(spectrum: Spectrum): number | undefined {
  let [weighted, total] = [0, 0];
  for (let k = 1; k < spectrum.squares.length; k++) {
    const amplitude = amplitudeAt(spectrum, k);
    weighted += amplitude * k;
    total += amplitude;
  }
  return total > 0 ? (spectrum.stepHz * weighted) / total : undefined;
}

export interface PeakOptions {
  readonly fromHz?: number;
  readonly toHz?: number;
  /** Between the lines; by default the strongest line as it is. */
  readonly interpolate?: boolean;
}

/** The strongest tone of a spectrum or of a part of it; undefined for silence. */
export function spectralPeak(spectrum: Spectrum, options: PeakOptions = {}): Tone | undefined {
  const { fromHz = 0, toHz = Number.POSITIVE_INFINITY, interpolate = false } = options;
  const [first, last] = linesOf(spectrum, fromHz, toHz);
  let best = first;
  for (let k = first; k <= last; k++) {
    if ((spectrum.squares[k] as number) > (spectrum.squares[best] as number)) best = k;
  }
  const amplitude = first <= last ? amplitudeAt(spectrum, best) : 0;
  if (amplitude === 0) return undefined;
  if (!interpolate) return { frequency: best * spectrum.stepHz, amplitude };
  const { offset, loss } = betweenLines(spectrum, best);
  return { frequency: (best + offset) * spectrum.stepHz, amplitude: amplitude / loss };
}

/**
 * Where between the lines a single tone lies, and what share of its amplitude the strongest line shows: rectangular by Jain,
 * Collins and Davis 1979 (IEEE Trans. Instrum. Meas. 28:113), Hann by Grandke 1983 (ibid. 32:350), flat-top by the ratio of both
 * neighbours, with nothing lost.
 */
function betweenLines(spectrum: Spectrum, k: number): { offset: number; loss: number } {
  const at = (line: number): number => Math.sqrt(spectrum.squares[line] ?? 0);
  const [before, middle, after] = [at(k - 1), at(k), at(k + 1)];
  const side = after >= before ? 1 : -1;
  const ratio = Math.max(before, after) / middle;
  switch (spectrum.taper.name) {
    case "rectangular": {
      const distance = ratio / (1 + ratio);
      return { offset: side * distance, loss: sinc(distance) };
    }
    case "hann": {
      const distance = Math.min(0.5, Math.max(0, (2 * ratio - 1) / (ratio + 1)));
      return { offset: side * distance, loss: sinc(distance) / (1 - distance * distance) };
    }
    case "flatTop": {
      if (before === 0 || after === 0) return { offset: 0, loss: 1 };
      return { offset: flatTopOffset(after / before), loss: 1 };
    }
  }
}

/** Halvings that leave a millionth of a line. */
const HALVINGS = 20;

/** Where between -0.5 and 0.5 a tone shows this much more in the line after than in the line before; there it only grows. */
function flatTopOffset(ratio: number): number {
  let [low, high] = [-0.5, 0.5];
  for (let i = 0; i < HALVINGS; i++) {
    const offset = (low + high) / 2;
    const isBeyond = leakage("flatTop", 1 - offset) > ratio * leakage("flatTop", 1 + offset);
    if (isBeyond) high = offset;
    else low = offset;
  }
  return (low + high) / 2;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
