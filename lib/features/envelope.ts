import { type Fourier, powerOfTwoFrom } from "./fourier";
import { withoutMean } from "./moments";

/** The magnitude of the analytic signal of a band: what impacts make of a resonance, without the resonance. */
export interface Envelope {
  /** In the samples' unit; a power of two of them, over the whole block. */
  readonly samples: Float64Array;
  /** Lower than that of the block: as much as the band's width needs. */
  readonly rateHz: number;
  readonly lowHz: number;
  readonly highHz: number;
}

export interface Band {
  readonly lowHz: number;
  readonly highHz: number;
}

/** A band counts when its mean energy a line is at least this share of the whole spectrum's. */
const LEAST_DENSITY = 0.1;
/** Into how many parts the spectrum is divided. */
const DIVISIONS = [2, 3, 4, 6, 8, 12, 16];

/**
 * Envelopes of any band of one block. The band's lines are moved to zero frequency and transformed back, twice as many as
 * they are: band-pass, Hilbert transform and decimation in one step, because a frequency shift does not change magnitudes
 * (Randall and Antoni 2011, Mechanical Systems and Signal Processing 25:485, section 5.3).
 */
export class Demodulator {
  readonly #lines: Float64Array;
  readonly stepHz: number;

  constructor(
    private readonly samples: Float64Array,
    private readonly rateHz: number,
    private readonly fourier: Fourier,
  ) {
    this.#lines = fourier.ofReal(withoutMean(samples)).slice();
    this.stepHz = rateHz / samples.length;
  }

  /** @throws RangeError when the band has fewer than four lines, or lies beyond half the sample rate */
  envelope({ lowHz, highHz }: Band): Envelope {
    const first = Math.max(1, Math.ceil(lowHz / this.stepHz - 1e-9));
    const last = Math.min(this.#lines.length / 2 - 1, Math.floor(highHz / this.stepHz + 1e-9));
    const analytic = this.#analytic(first, last + 1);
    const size = analytic.length / 2;
    const samples = new Float64Array(size);
    for (let i = 0; i < size; i++) samples[i] = Math.hypot(analytic[2 * i] as number, analytic[2 * i + 1] as number);
    return { samples, rateHz: (this.rateHz * size) / this.samples.length, lowHz, highHz };
  }

  /**
   * The band whose envelope is the most impulsive, by the kurtosis of its analytic signal, of halves, thirds, quarters and
   * so on of the spectrum: a filter-bank kurtogram (Antoni 2007, ibid. 21:108). Bands that hold next to nothing are left out:
   * what a recorder's own filter leaves above its corner is impulsive only by rounding.
   * @param leastWidthHz bands are at least so wide: three times the highest fault frequency, to hold its first harmonics
   */
  mostImpulsiveBand(leastWidthHz: number): Band {
    const lines = this.#lines.length / 2;
    const density = this.#energy(1, lines) / (lines - 1);
    let best: Band = { lowHz: this.stepHz, highHz: this.rateHz / 2 };
    let highest = this.#excess(1, lines);
    for (const parts of DIVISIONS) {
      const width = Math.floor((lines - 1) / parts);
      if (width < 16 || width * this.stepHz < leastWidthHz) break;
      for (let part = 0; part < parts; part++) {
        const first = 1 + part * width;
        if (this.#energy(first, first + width) < LEAST_DENSITY * density * width) continue;
        const excess = this.#excess(first, first + width);
        if (excess <= highest) continue;
        highest = excess;
        best = { lowHz: first * this.stepHz, highHz: (first + width - 1) * this.stepHz };
      }
    }
    return best;
  }

  #energy(first: number, end: number): number {
    let sum = 0;
    for (let i = 2 * first; i < 2 * end; i++) sum += (this.#lines[i] as number) ** 2;
    return sum;
  }

  /** Spectral kurtosis of the lines from `first` up to but without `end`: 0 for Gaussian noise, more for impacts. */
  #excess(first: number, end: number): number {
    const analytic = this.#analytic(first, end);
    let [second, fourth] = [0, 0];
    for (let i = 0; i < analytic.length; i += 2) {
      const square = (analytic[i] as number) ** 2 + (analytic[i + 1] as number) ** 2;
      second += square;
      fourth += square * square;
    }
    const size = analytic.length / 2;
    return second > 0 ? (fourth * size) / (second * second) - 2 : Number.NEGATIVE_INFINITY;
  }

  #analytic(first: number, end: number): Float64Array {
    if (end - first < 4) throw new RangeError("the envelope's band has fewer than four lines of this block's spectrum");
    const size = powerOfTwoFrom(2 * (end - first));
    const band = new Float64Array(2 * size);
    band.set(this.#lines.subarray(2 * first, 2 * end));
    const out = new Float64Array(2 * size);
    this.fourier.inverse(band, out);
    const scale = (2 * size) / this.samples.length;
    for (let i = 0; i < out.length; i++) out[i]! *= scale;
    return out;
  }
}
