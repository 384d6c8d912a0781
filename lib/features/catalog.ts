import type { TimeFigures } from "./moments";
import type { Spectrum } from "./spectrum";
import { spectralCentroid, type Tone } from "./spectrum";

export type FeatureName =
  | "mean"
  | "std"
  | "min"
  | "max"
  | "rms"
  | "peak"
  | "peakToPeak"
  | "crest"
  | "skewness"
  | "kurtosis"
  | "shapeFactor"
  | "impulseFactor"
  | "zeroCrossings"
  | "fftPeak"
  | "fftPeakFrequency"
  | "centroid"
  | "velocity";

/** What figures are computed of; each part is made at first use and once. */
export interface Analysis {
  readonly time: TimeFigures;
  readonly seconds: number;
  readonly spectrum: Spectrum;
  readonly strongest: Tone | undefined;
  /** mm/s. @throws RangeError when the block cannot tell it */
  readonly velocity: number;
}

interface Feature {
  /** Unit of the figure, of samples in the given unit. */
  unit(unit: string): string;
  /** Undefined when the block has no such figure, as silence has no crest. */
  of(analysis: Analysis): number | undefined;
}

const same = (unit: string): string => unit;
const none = (): string => "1";
const hertz = (): string => "Hz";

export const FEATURES: Readonly<Record<FeatureName, Feature>> = {
  mean: { unit: same, of: ({ time }) => time.mean },
  std: { unit: same, of: ({ time }) => time.std },
  min: { unit: same, of: ({ time }) => time.min },
  max: { unit: same, of: ({ time }) => time.max },
  rms: { unit: same, of: ({ time }) => time.rms },
  peak: { unit: same, of: ({ time }) => time.peak },
  peakToPeak: { unit: same, of: ({ time }) => time.peakToPeak },
  crest: { unit: none, of: ({ time }) => time.crest },
  skewness: { unit: none, of: ({ time }) => time.skewness },
  kurtosis: { unit: none, of: ({ time }) => time.kurtosis },
  shapeFactor: { unit: none, of: ({ time }) => time.shapeFactor },
  impulseFactor: { unit: none, of: ({ time }) => time.impulseFactor },
  zeroCrossings: { unit: () => "/s", of: ({ time, seconds }) => time.zeroCrossings / seconds },
  fftPeak: { unit: same, of: ({ strongest }) => strongest?.amplitude },
  fftPeakFrequency: { unit: hertz, of: ({ strongest }) => strongest?.frequency },
  centroid: { unit: hertz, of: ({ spectrum }) => spectralCentroid(spectrum) },
  velocity: { unit: () => "mm/s", of: ({ velocity }) => velocity },
};

export const FEATURE_NAMES = Object.keys(FEATURES) as readonly FeatureName[];
