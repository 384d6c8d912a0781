import type { FeatureOptions } from "./analysis";
import type { FeatureName } from "./catalog";
import { powerOfTwoFrom } from "./fourier";

/** ms on a core of 3 GHz, measured: a pass over a sample, and a step of a transform (n log2 n of them). */
const PASS_MS = 2e-6;
const STEP_MS = 4e-6;

const FROM_SPECTRUM: readonly FeatureName[] = ["fftPeak", "fftPeakFrequency", "centroid", "velocity"];

/**
 * What the figures of a block will take, in ms on a desktop's core, right to about a factor of two: what decides whether
 * the event loop can be asked to do it. It follows from the transforms that are needed. A length that is no power of two needs three
 * of at least twice its length (Bluestein).
 * @param size samples of the block
 * @param isSteady the shaft's speed does not change within the block; one that does has its samples taken anew by angle
 */
export function expectedMs(options: FeatureOptions, size: number, isSteady = true): number {
  const { features, bands = [], orders = [], bearings = [], envelopeBand = "auto" } = options;
  const hasSpectrum = bands.length > 0 || features.some((name) => FROM_SPECTRUM.includes(name));
  const byAngle = isSteady ? 0 : 2 * transformMs(2 * size + 1);
  let ms = 10 * size * PASS_MS;
  if (hasSpectrum || (orders.length > 0 && isSteady)) ms += transformMs(size);
  if (orders.length > 0) ms += byAngle;
  if (bearings.length === 0) return ms;
  // The kurtogram looks at the whole spectrum once for each way to divide it, and once undivided.
  const bandsMs = (envelopeBand === "auto" ? 8 : 1) * powerOfTwoMs(powerOfTwoFrom(size));
  return ms + transformMs(size) + bandsMs + byAngle;
}

function transformMs(size: number): number {
  const two = powerOfTwoFrom(size);
  // Of real samples a power of two costs half.
  return two === size ? powerOfTwoMs(size) / 2 : 3 * powerOfTwoMs(powerOfTwoFrom(2 * size - 1));
}

function powerOfTwoMs(size: number): number {
  return STEP_MS * size * Math.log2(size);
}
