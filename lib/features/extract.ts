import { integerWithin, numberWithin } from "../numeric";
import { BlockAnalysis, type EnvelopeSpectrum, type FeatureOptions, type Samples } from "./analysis";
import { FEATURE_NAMES, FEATURES } from "./catalog";
import type { Band } from "./envelope";
import type { Fourier } from "./fourier";
import type { Spectrum } from "./spectrum";
import type { SpeedProfile } from "./speed";
import { squared } from "./units";
import { ISO_BAND } from "./velocity";

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export interface Extract {
  readonly figures: readonly Figure[];
  /** What was asked for and could not be told of this block, each with the reason. */
  readonly problems: readonly string[];
  /** Made for what was asked for, and so free to show. */
  readonly spectrum?: Spectrum;
  readonly envelope?: EnvelopeSpectrum;
}

/** Computes the figures of blocks that were chosen. Keeps nothing from block to block. */
export class FeatureExtractor {
  readonly #options: Required<FeatureOptions>;

  /** @throws RangeError naming the option and what was expected */
  constructor(
    options: FeatureOptions,
    private readonly fourier: Fourier,
  ) {
    this.#options = {
      detrend: "none",
      taper: "hann",
      interpolate: true,
      velocityBand: ISO_BAND,
      bands: [],
      orders: [],
      bearings: [],
      envelopeBand: "auto",
      harmonics: 3,
      slip: 0.02,
      ...options,
    };
    checkOptions(this.#options);
  }

  /** True when figures need the shaft's speed. */
  get wantsSpeed(): boolean {
    return this.#options.orders.length > 0 || this.#options.bearings.length > 0;
  }

  /**
   * The figures of a block of at least 8 samples, all finite.
   * @param speed of the shaft over the block, where it is known; of one that stands, orders and bearings have no figures
   */
  extract(block: Samples, speed?: SpeedProfile): Extract {
    const { features, bands } = this.#options;
    const analysis = new BlockAnalysis(block, this.#options, this.fourier);
    const figures: Figure[] = [];
    const problems: string[] = [];
    const attempt = (what: string, work: () => void): void => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        problems.push(`${what}: ${error.message}`);
      }
    };
    const add = (name: string, value: number | undefined, unit: string): void => {
      if (value !== undefined && Number.isFinite(value)) figures.push({ name, value: value + 0, unit });
    };
    for (const name of features) {
      attempt(name, () => add(name, FEATURES[name].of(analysis), FEATURES[name].unit(block.unit)));
    }
    for (const { name, lowHz, highHz } of bands) {
      attempt(name, () => add(name, analysis.energy(lowHz, highHz), squared(block.unit)));
    }
    let envelope: EnvelopeSpectrum | undefined;
    if (this.wantsSpeed && !speed) problems.push("orders and bearings: the shaft's speed is not known");
    if (speed && speed.min > 0) {
      attempt("orders", () => {
        for (const { order, amplitude } of analysis.orders(speed)) add(`order${order}`, amplitude, block.unit);
      });
      attempt("bearings", () => {
        envelope = analysis.bearings(speed, add);
      });
    }
    return { figures, problems, spectrum: analysis.made, envelope };
  }
}

function checkOptions(options: Required<FeatureOptions>): void {
  const { features, bands, orders, bearings, envelopeBand, velocityBand } = options;
  const unknown = features.find((name) => !FEATURE_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new RangeError(`features: expected some of ${FEATURE_NAMES.join(", ")}, got "${unknown}"`);
  }
  if (features.length + bands.length + orders.length + bearings.length === 0) {
    throw new RangeError("features: expected at least one feature, band, order or bearing");
  }
  for (const band of bands) checkBand(`band ${band.name}`, band);
  checkBand("velocityBand", velocityBand);
  if (envelopeBand !== "auto") checkBand("envelopeBand", envelopeBand);
  for (const order of orders) numberWithin("orders", order, 0.1, 1000);
  integerWithin("harmonics", options.harmonics, 1, 20);
  numberWithin("slip", options.slip, 0, 0.1);
  checkDifferent("bands", [...features, ...bands.map(({ name }) => name)]);
  checkDifferent(
    "bearings",
    bearings.map(({ name }) => name),
  );
}

function checkDifferent(option: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`${option}: expected different names, got "${twice}" twice`);
}

function checkBand(what: string, { lowHz, highHz }: Band): void {
  if (lowHz >= 0 && highHz > lowHz && highHz <= 1e9) return;
  throw new RangeError(`${what}: expected a low end below the high end in Hz, got ${lowHz} and ${highHz}`);
}
