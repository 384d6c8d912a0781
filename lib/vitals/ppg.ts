import { ButterworthLowPass, butterworthLowPass } from "../filter";
import { systolicPeaks } from "./systolic-peaks";

/** Light that came back from the skin, in counts or any other linear unit, sampled together at a constant rate. */
export interface Photoplethysmogram {
  readonly rateHz: number;
  readonly red: Float64Array;
  readonly infrared: Float64Array;
}

export interface Pulse {
  /** Beats per minute: the median of the intervals between beats. */
  readonly heartRate: number;
  /** Peripheral oxygen saturation, %, 100 at most; what is below 70 is not calibrated by anybody. */
  readonly spo2: number;
  /** Ratio of ratios, (AC red / DC red) / (AC infrared / DC infrared). */
  readonly ratio: number;
  /** Perfusion index, %: what pulsates of the infrared light. */
  readonly perfusion: number;
  /** Beats that were found. */
  readonly beats: number;
}

/** Why there is no pulse in a recording. */
export interface NoPulse {
  readonly reason: string;
}

/** Samples per second below which the shape of a pulse is lost. */
export const LOWEST_RATE_HZ = 20;

/** What pulsates less is noise: hospital oximeters give 0.02 % as the end of their range. */
const LEAST_PERFUSION = 0.02;
/** Red and infrared light pulsate alike, or it is not the pulse that moves them. */
const LEAST_CORRELATION = 0.8;
/** Share of intervals between beats that have to be within a third of the median. */
const LEAST_STEADINESS = 0.6;

/**
 * Heart rate and oxygen saturation from red and infrared light that came back from a finger. Not for diagnosis.
 *
 * Beats by the two moving averages of Elgendi et al. (2013); saturation by the ratio of ratios and the polynomial of Maxim's
 * application note 6845, "Guidelines to SpO2 measurement", whose coefficients are those of a MAX30101 under no cover glass:
 * a board of another make has to be calibrated.
 * @throws RangeError for fewer than 20 samples per second, or channels of different lengths
 */
export function pulseOf({ rateHz, red, infrared }: Photoplethysmogram): Pulse | NoPulse {
  if (!(rateHz >= LOWEST_RATE_HZ)) {
    throw new RangeError(`expected ${LOWEST_RATE_HZ} samples per second or more, got ${rateHz}`);
  }
  if (red.length !== infrared.length) {
    throw new RangeError(`expected as many red as infrared samples, got ${red.length} and ${infrared.length}`);
  }
  if (red.length < 3 * rateHz) return { reason: "too short: a pulse takes three seconds to be seen" };
  const [redMean, infraredMean] = [mean(red), mean(infrared)];
  if (!(redMean > 0 && infraredMean > 0)) return { reason: "there is no light" };
  // More blood takes more light away: upside down the systolic peaks are maxima.
  const redPulse = pulsating(red, rateHz);
  const infraredPulse = pulsating(infrared, rateHz);
  const peaks = systolicPeaks(infraredPulse, rateHz);
  if (peaks.length < 3) return { reason: "there are too few beats" };
  const heart = heartRate(peaks, rateHz);
  if (heart === undefined) return { reason: "the beats are irregular: it may have moved" };
  const from = Math.round(peaks[0]!);
  const to = Math.round(peaks.at(-1)!);
  const { slope, correlation } = regression(infraredPulse.subarray(from, to), redPulse.subarray(from, to));
  if (!(correlation >= LEAST_CORRELATION)) return { reason: "red and infrared light differ: it may have moved" };
  const perfusion = (100 * height(infraredPulse, peaks)) / infraredMean;
  if (perfusion < LEAST_PERFUSION) return { reason: "the pulse is too weak" };
  const ratio = (slope * infraredMean) / redMean;
  return { heartRate: heart, spo2: oxygenSaturation(ratio), ratio, perfusion, beats: peaks.length };
}

/** Maxim AN6845: SpO2 = a R² + b R + c in %, and never more than 100. */
export function oxygenSaturation(ratio: number): number {
  return Math.max(0, Math.min(100, 1.5958422 * ratio ** 2 - 34.6596622 * ratio + 112.6898759));
}

/** The part between 0.5 and 8 Hz (Elgendi et al.), upside down, not shifted in time. */
function pulsating(light: Float64Array, rateHz: number): Float64Array {
  const fast = bothWays(light, Math.min(8, rateHz * 0.4), rateHz);
  const slow = bothWays(light, 0.5, rateHz);
  return fast.map((value, index) => slow[index]! - value);
}

/**
 * Second-order Butterworth low-pass, forth and back, so that nothing is shifted. The signal goes on beyond both ends
 * turned around its end points, for as long as the filter remembers.
 */
function bothWays(signal: Float64Array, cutoff: number, rateHz: number): Float64Array {
  const length = signal.length;
  const extra = Math.min(length - 1, Math.ceil((2 * rateHz) / cutoff));
  const extended = new Float64Array(length + 2 * extra);
  for (let i = 0; i < extra; i++) {
    extended[i] = 2 * signal[0]! - signal[extra - i]!;
    extended[extra + length + i] = 2 * signal[length - 1]! - signal[length - 2 - i]!;
  }
  extended.set(signal, extra);
  const sections = butterworthLowPass(2, cutoff, rateHz);
  for (const _ of ["forth", "back"]) {
    const filter = new ButterworthLowPass(sections);
    for (let i = 0; i < extended.length; i++) extended[i] = filter.next(extended[i]!);
    extended.reverse();
  }
  return extended.slice(extra, extra + length);
}

/** Undefined when the intervals differ too much. */
function heartRate(peaks: readonly number[], rateHz: number): number | undefined {
  const intervals = peaks.slice(1).map((peak, index) => (peak - peaks[index]!) / rateHz);
  const sorted = [...intervals].sort((a, b) => a - b);
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  const steady = intervals.filter((interval) => Math.abs(interval - median) <= median / 3).length;
  return steady / intervals.length >= LEAST_STEADINESS ? 60 / median : undefined;
}

/** Least squares through the origin, of signals whose mean is about 0. */
function regression(x: Float64Array, y: Float64Array): { slope: number; correlation: number } {
  let [xx, xy, yy] = [0, 0, 0];
  const [meanX, meanY] = [mean(x), mean(y)];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return { slope: xy / xx, correlation: xy / Math.sqrt(xx * yy) };
}

/** From trough to peak, on average over the beats. */
function height(signal: Float64Array, peaks: readonly number[]): number {
  const heights = peaks.slice(1).map((peak, index) => {
    const beat = signal.subarray(Math.round(peaks[index]!), Math.round(peak) + 1);
    return beat.reduce((high, value) => Math.max(high, value)) - beat.reduce((low, value) => Math.min(low, value));
  });
  return heights.reduce((sum, value) => sum + value, 0) / heights.length;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
