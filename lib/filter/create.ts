import { integerWithin, numberWithin, positiveNumber } from "../numeric/limits";
import { ButterworthLowPass, butterworthLowPass } from "./butterworth";
import { type Filter, SeriesFilter, Smoothing, type Stage } from "./filter";
import { Calibration, Deadband, RangeCheck, RateLimit } from "./gates";
import { Hampel, MovingAverage, MovingMedian } from "./moving";
import { Ewma, Kalman, SlewLimit, TimeConstantEwma } from "./recursive";
import { designSavitzkyGolay, SavitzkyGolay } from "./savitzky-golay";

export type FilterMethod =
  | "movingAverage"
  | "movingMedian"
  | "hampel"
  | "ewma"
  | "kalman"
  | "butterworth"
  | "savitzkyGolay"
  | "deadband"
  | "rateLimit"
  | "slewLimit"
  | "range"
  | "calibration";

/** Everything a filter can be told; each method takes its own part and ignores the rest. Times are in seconds. */
export interface FilterOptions {
  readonly method: FilterMethod;
  /** A longer time between two readings makes the filter start afresh; 0 for none. s */
  readonly gap: number;
  /** movingAverage, movingMedian: 1 to 10 000 readings; hampel: 3 to 10 000. */
  readonly window: number;
  /** hampel: robust standard deviations. */
  readonly threshold: number;
  /** hampel: deviations up to this are never outliers, in the reading's unit. */
  readonly tolerance: number;
  readonly outlier: "replace" | "drop" | "bad";
  readonly smoothing: "factor" | "timeConstant";
  /** ewma by factor: weight of the newest value, 0 < alpha <= 1. */
  readonly alpha: number;
  /** ewma by time constant, s. */
  readonly timeConstant: number;
  /** kalman: standard deviation of a reading around the true value. */
  readonly measurementNoise: number;
  /** kalman: standard deviation by which the true value moves in a second. */
  readonly processNoise: number;
  /** butterworth: 1 to 8. */
  readonly order: number;
  /** butterworth, Hz. */
  readonly cutoff: number;
  /** butterworth, Hz. */
  readonly samplingRate: number;
  /** savitzkyGolay: readings in the window, odd, up to 1001. */
  readonly points: number;
  /** savitzkyGolay: degree of the polynomial, 0 to 8. */
  readonly degree: number;
  readonly position: "newest" | "centre";
  readonly deadband: number;
  readonly deadbandMode: "absolute" | "percent";
  /** deadband, s; 0 for none. */
  readonly maxSilence: number;
  /** rateLimit: at most this many readings... */
  readonly count: number;
  /** rateLimit: ...in this time, s. */
  readonly interval: number;
  /** slewLimit: units a second. */
  readonly rate: number;
  /** range; a missing limit is none. */
  readonly min?: number;
  readonly max?: number;
  readonly outside: "clamp" | "drop" | "bad";
  readonly calibration: "linear" | "twoPoint";
  readonly gain: number;
  readonly offset: number;
  /** calibration by two points: what the sensor shows, and what is true. */
  readonly rawLow: number;
  readonly trueLow: number;
  readonly rawHigh: number;
  readonly trueHigh: number;
  /** calibration: unit of the result as a UCUM code; "" when it stays. */
  readonly unit: string;
}

export const FILTER_DEFAULTS: Omit<FilterOptions, "method"> = {
  gap: 0,
  window: 5,
  threshold: 3,
  tolerance: 0,
  outlier: "replace",
  smoothing: "factor",
  alpha: 0.3,
  timeConstant: 10,
  measurementNoise: 1,
  processNoise: 0.1,
  order: 2,
  cutoff: 0.1,
  samplingRate: 1,
  points: 11,
  degree: 2,
  position: "newest",
  deadband: 0.5,
  deadbandMode: "absolute",
  maxSilence: 0,
  count: 1,
  interval: 60,
  rate: 1,
  outside: "clamp",
  calibration: "linear",
  gain: 1,
  offset: 0,
  rawLow: 0,
  trueLow: 0,
  rawHigh: 100,
  trueHigh: 100,
  unit: "",
};

const MAX_WINDOW = 10_000;
const MAX_SAVITZKY_GOLAY_POINTS = 1001;
const MAX_DEGREE = 8;
const MAX_RATE_COUNT = 10_000;

/**
 * Checks the options once and returns what makes the filter of one series; coefficients are computed here and shared.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function filterFactory(options: Partial<FilterOptions> & Pick<FilterOptions, "method">): () => Filter {
  const complete = { ...FILTER_DEFAULTS, ...options };
  const gap = numberWithin("gap", complete.gap, 0, Number.MAX_VALUE) * 1000;
  const stage = stageFactory(complete);
  return () => new SeriesFilter(stage(), gap);
}

/** One filter, for one series. @throws RangeError as filterFactory does */
export function createFilter(options: Partial<FilterOptions> & Pick<FilterOptions, "method">): Filter {
  return filterFactory(options)();
}

function stageFactory(options: FilterOptions): () => Stage {
  switch (options.method) {
    case "movingAverage": {
      const window = windowOf(options);
      return () => new Smoothing(new MovingAverage(window));
    }
    case "movingMedian": {
      const window = windowOf(options);
      return () => new Smoothing(new MovingMedian(window));
    }
    case "hampel":
      return hampelFactory(options);
    case "ewma":
      return ewmaFactory(options);
    case "kalman": {
      const measurementNoise = numberWithin("measurementNoise", options.measurementNoise, 1e-100, 1e100);
      const processNoise = numberWithin("processNoise", options.processNoise, 0, 1e100);
      return () => new Smoothing(new Kalman({ measurementNoise, processNoise }));
    }
    case "butterworth": {
      const sections = butterworthLowPass(options.order, options.cutoff, options.samplingRate);
      return () => new Smoothing(new ButterworthLowPass(sections));
    }
    case "savitzkyGolay":
      return savitzkyGolayFactory(options);
    case "deadband":
      return deadbandFactory(options);
    case "rateLimit": {
      const count = integerWithin("count", options.count, 1, MAX_RATE_COUNT);
      const interval = positiveNumber("interval", options.interval) * 1000;
      return () => new RateLimit({ count, interval });
    }
    case "slewLimit": {
      const rate = positiveNumber("rate", options.rate);
      return () => new Smoothing(new SlewLimit(rate));
    }
    case "range":
      return rangeFactory(options);
    case "calibration":
      return calibrationFactory(options);
    default:
      throw new RangeError(`method: unknown method "${options.method satisfies never}"`);
  }
}

function hampelFactory(options: FilterOptions): () => Stage {
  const { outlier } = options;
  const window = integerWithin("window", options.window, 3, MAX_WINDOW);
  const threshold = numberWithin("threshold", options.threshold, 0, 1e100);
  const tolerance = numberWithin("tolerance", options.tolerance, 0, Number.MAX_VALUE);
  return () => new Hampel({ window, threshold, tolerance, outlier });
}

function ewmaFactory(options: FilterOptions): () => Stage {
  if (options.smoothing === "timeConstant") {
    const timeConstant = positiveNumber("timeConstant", options.timeConstant) * 1000;
    return () => new Smoothing(new TimeConstantEwma(timeConstant));
  }
  const alpha = numberWithin("alpha", options.alpha, Number.MIN_VALUE, 1);
  return () => new Smoothing(new Ewma(alpha));
}

function savitzkyGolayFactory(options: FilterOptions): () => Stage {
  const window = integerWithin("points", options.points, 1, MAX_SAVITZKY_GOLAY_POINTS);
  const degree = integerWithin("degree", options.degree, 0, MAX_DEGREE);
  const design = designSavitzkyGolay({ window, degree, position: options.position });
  return () => new SavitzkyGolay(design);
}

function deadbandFactory(options: FilterOptions): () => Stage {
  const deadband = numberWithin("deadband", options.deadband, 0, Number.MAX_VALUE);
  const maxSilence = numberWithin("maxSilence", options.maxSilence, 0, Number.MAX_VALUE) * 1000;
  return () => new Deadband({ deadband, mode: options.deadbandMode, maxSilence });
}

function rangeFactory(options: FilterOptions): () => Stage {
  const { outside, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = options;
  if (min === Number.NEGATIVE_INFINITY && max === Number.POSITIVE_INFINITY) {
    throw new RangeError("range: expected a lowest value, a highest value or both");
  }
  if (!(min <= max)) throw new RangeError(`range: expected lowest <= highest, got ${min} and ${max}`);
  return () => new RangeCheck({ min, max, outside });
}

function calibrationFactory(options: FilterOptions): () => Stage {
  const { gain, offset } = options.calibration === "twoPoint" ? twoPointCalibration(options) : options;
  numberWithin("gain", gain, -1e100, 1e100);
  numberWithin("offset", offset, -1e250, 1e250);
  return () => new Calibration({ gain, offset, unit: options.unit });
}

/**
 * The straight line through two points of a calibration: trueLow at rawLow, trueHigh at rawHigh.
 * @throws RangeError when both raw values are the same
 */
export function twoPointCalibration(points: Pick<FilterOptions, "rawLow" | "trueLow" | "rawHigh" | "trueHigh">): {
  gain: number;
  offset: number;
} {
  const { rawLow, trueLow, rawHigh, trueHigh } = points;
  if (rawLow === rawHigh) throw new RangeError(`calibration: expected two different raw values, got ${rawLow} twice`);
  const gain = (trueHigh - trueLow) / (rawHigh - rawLow);
  return { gain, offset: trueLow - gain * rawLow };
}

function windowOf(options: FilterOptions): number {
  return integerWithin("window", options.window, 1, MAX_WINDOW);
}
