import { type BearingRatios, FAULTS, faultOrders } from "./bearing";
import type { Analysis, FeatureName } from "./catalog";
import { type Band, Demodulator, type Envelope } from "./envelope";
import { faultLine } from "./fault-lines";
import type { Fourier } from "./fourier";
import { type TimeFigures, timeFigures, withoutMean, withoutTrend } from "./moments";
import { resampleByAngle } from "./orders";
import { bandEnergy, type Spectrum, spectralPeak, spectrumOf, type Tone } from "./spectrum";
import type { SpeedProfile } from "./speed";
import type { TaperName } from "./taper";
import { ACCELERATION_UNITS, accelerationFactor } from "./units";
import { velocityRms } from "./velocity";

/** Samples of one sensor at a constant rate, oldest first. */
export interface Samples {
  readonly samples: Float64Array;
  readonly rateHz: number;
  readonly unit: string;
  /** When the last one was taken, ms since the epoch. */
  readonly end: number;
}

export interface FeatureOptions {
  readonly features: readonly FeatureName[];
  /** What is taken off before anything else: nothing, the mean (gravity), or a straight line (gravity and drift). */
  readonly detrend?: "none" | "mean" | "line";
  /** For the spectrum's peak and the orders; energies and velocity are always taken from a Hann spectrum. */
  readonly taper?: TaperName;
  /** Finds the peak between the lines of the spectrum. */
  readonly interpolate?: boolean;
  readonly velocityBand?: Band;
  readonly bands?: readonly (Band & { readonly name: string })[];
  /** Multiples of the shaft's speed. */
  readonly orders?: readonly number[];
  readonly bearings?: readonly { readonly name: string; readonly ratios: BearingRatios }[];
  /** Where impacts make the machine ring; "auto" looks for it in each block. */
  readonly envelopeBand?: Band | "auto";
  readonly harmonics?: number;
  /** How far slip may move a bearing's frequencies, as a share of them. */
  readonly slip?: number;
}

export interface EnvelopeSpectrum {
  readonly spectrum: Spectrum;
  readonly band: Band;
  /** Its frequencies are orders, because the speed changed within the block. */
  readonly byOrder: boolean;
}

/** Amplitudes at an order are looked for this far on either side, in orders: speed is never known exactly. */
const ORDER_REACH = 0.05;

type Add = (name: string, value: number | undefined, unit: string) => void;

/** What is told of one block; each spectrum is made at first use and once. */
export class BlockAnalysis implements Analysis {
  readonly seconds: number;
  readonly #samples: Float64Array;
  #time: TimeFigures | undefined;
  #spectrum: Spectrum | undefined;
  #hann: Spectrum | undefined;

  constructor(
    private readonly block: Samples,
    private readonly options: Required<FeatureOptions>,
    private readonly fourier: Fourier,
  ) {
    this.seconds = block.samples.length / block.rateHz;
    this.#samples = detrended(block.samples, options.detrend);
  }

  get time(): TimeFigures {
    this.#time ??= timeFigures(this.#samples);
    return this.#time;
  }

  get spectrum(): Spectrum {
    this.#spectrum ??= this.#spectrumBy(this.options.taper);
    return this.#spectrum;
  }

  /** The spectrum if something has asked for one. */
  get made(): Spectrum | undefined {
    return this.#spectrum ?? this.#hann;
  }

  get strongest(): Tone | undefined {
    return spectralPeak(this.spectrum, { interpolate: this.options.interpolate });
  }

  get velocity(): number {
    const { unit } = this.block;
    const { lowHz, highHz } = this.options.velocityBand;
    const factor = accelerationFactor(unit);
    if (factor === undefined) throw new RangeError(`expected an acceleration in ${ACCELERATION_UNITS}, got ${unit}`);
    this.#checkBand(lowHz, highHz);
    return velocityRms(this.#energySpectrum, factor, lowHz, highHz);
  }

  energy(lowHz: number, highHz: number): number {
    this.#checkBand(lowHz, highHz);
    return bandEnergy(this.#energySpectrum, lowHz, highHz);
  }

  orders(speed: SpeedProfile): { order: number; amplitude: number | undefined }[] {
    const { orders, taper, interpolate } = this.options;
    if (orders.length === 0) return [];
    const spectrum = this.#byAngle(this.#samples, this.block.rateHz, speed, taper) ?? this.spectrum;
    const unit = spectrum === this.#spectrum ? speed.mean / 60 : 1;
    const reach = Math.max(ORDER_REACH * unit, 1.5 * spectrum.stepHz);
    return orders.map((order) => {
      const [fromHz, toHz] = [order * unit - reach, order * unit + reach];
      if (toHz > spectrum.stepHz * (spectrum.squares.length - 1)) {
        throw new RangeError(`order ${order} lies beyond half the sample rate`);
      }
      if (fromHz <= 0) throw new RangeError(`the block is too short to tell order ${order}`);
      return { order, amplitude: spectralPeak(spectrum, { fromHz, toHz, interpolate })?.amplitude ?? 0 };
    });
  }

  bearings(speed: SpeedProfile, add: Add): EnvelopeSpectrum | undefined {
    const { bearings, harmonics, slip } = this.options;
    if (bearings.length === 0) return undefined;
    const shaftHz = speed.mean / 60;
    const envelope = this.#envelope(shaftHz);
    const byAngle = this.#byAngle(envelope.samples, envelope.rateHz, speed, "hann");
    const spectrum = byAngle ?? spectrumOf(envelope.samples, envelope.rateHz, this.fourier, "hann");
    for (const { name, ratios } of bearings) {
      const orders = faultOrders(ratios);
      for (const fault of FAULTS) {
        const found = faultLine(spectrum, orders[fault] * (byAngle ? 1 : shaftHz), { harmonics, tolerance: slip });
        const full = name === "" ? fault : `${name}.${fault}`;
        add(full, found?.amplitude, this.block.unit);
        add(`${full}Prominence`, found?.prominence, "1");
      }
    }
    const { lowHz, highHz } = envelope;
    return { spectrum, band: { lowHz, highHz }, byOrder: byAngle !== undefined };
  }

  #envelope(shaftHz: number): Envelope {
    const { envelopeBand, bearings } = this.options;
    const demodulator = new Demodulator(this.#samples, this.block.rateHz, this.fourier);
    if (envelopeBand !== "auto") {
      this.#checkBand(envelopeBand.lowHz, envelopeBand.highHz);
      return demodulator.envelope(envelopeBand);
    }
    const highest = Math.max(...bearings.map(({ ratios }) => ratios.bpfi)) * shaftHz;
    return demodulator.envelope(demodulator.mostImpulsiveBand(3 * highest));
  }

  /** The spectrum in orders, when the speed changes so much that one in Hz would be smeared. */
  #byAngle(samples: Float64Array, rateHz: number, speed: SpeedProfile, taper: TaperName): Spectrum | undefined {
    if (speed.isSteady) return undefined;
    const { end, rateHz: blockRate } = this.block;
    const start = end - (1000 * (this.block.samples.length - 1)) / blockRate;
    const turned = resampleByAngle(samples, rateHz, speed, start);
    return spectrumOf(turned.samples, turned.perRevolution, this.fourier, taper);
  }

  get #energySpectrum(): Spectrum {
    this.#hann ??= this.options.taper === "hann" ? this.spectrum : this.#spectrumBy("hann");
    return this.#hann;
  }

  #spectrumBy(taper: TaperName): Spectrum {
    return spectrumOf(this.#samples, this.block.rateHz, this.fourier, taper);
  }

  #checkBand(lowHz: number, highHz: number): void {
    const { rateHz } = this.block;
    if (highHz > rateHz / 2) {
      const wanted = `the band up to ${highHz} Hz needs a sample rate of ${2 * highHz} Hz`;
      throw new RangeError(`${wanted}, got ${Number(rateHz.toPrecision(6))}`);
    }
    if (lowHz > 0 && lowHz * this.seconds < 1) {
      throw new RangeError(
        `the band from ${lowHz} Hz needs a block of ${Number((1 / lowHz).toPrecision(3))} s or more`,
      );
    }
  }
}

function detrended(samples: Float64Array, detrend: "none" | "mean" | "line"): Float64Array {
  if (detrend === "none") return samples;
  return detrend === "mean" ? withoutMean(samples) : withoutTrend(samples);
}
