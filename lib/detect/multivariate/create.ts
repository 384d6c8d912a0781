import { integerWithin, numberWithin } from "../../numeric/limits";
import type { RowObserver } from "../../rows";
import type { SeverityBands } from "../severity";
import { DeviceDetector } from "./device-detector";
import { ForestDetector } from "./forest-detector";
import { HalfSpaceCuts, HalfSpaceTrees } from "./half-space-trees";
import { Hotelling } from "./hotelling";
import { IsolationService } from "./isolation-service";
import { type IsolationFitter, IsolationWindow } from "./isolation-window";
import { RandomCutForest } from "./random-cut-forest";
import { MAX_COLUMNS, type RowDetector } from "./row-detector";

/** Everything the detectors of one device can be told; each method takes its own part. Times are in seconds. */
export interface MultivariateOptions {
  readonly method: MultivariateMethod;
  /** The sensors whose readings belong together; empty: those that the device reports. */
  readonly sensors: readonly string[];
  /** How long a value stands for a sensor that reports more slowly than others, s. */
  readonly hold: number;
  /** Whether rows count in which sensors are missing. */
  readonly allowMissing: boolean;
  /** hotelling: rows of normal operation that are learned from before anything is judged, 60 to 10 000. */
  readonly fit: number;
  /** hotelling: weight of the newest row in the means that are judged, 0.01 to 1. */
  readonly smoothing: number;
  /** hotelling: standard deviations from what is usual. */
  readonly sigmas: number;
  /** hotelling: rows in alarm after which the new state is taken for normal; 0 for never. */
  readonly settle: number;
  /** halfSpaceTrees, randomCutForest: one false alarm in so many normal rows. */
  readonly oneIn: number;
  /** halfSpaceTrees: rows that are counted before the counts are used, 50 to 10 000. */
  readonly countWindow: number;
  /** randomCutForest: latest rows that the trees hold a sample of, 50 to 100 000. */
  readonly cutWindow: number;
  /** isolationForest: latest rows that the forest is fitted to, 20 to 10 000. */
  readonly isolationWindow: number;
  /** isolationForest: rows after which it is fitted anew. */
  readonly refit: number;
  /** isolationForest: share of the rows that are called anomalies, 0.001 to 0.5. */
  readonly contamination: number;
  /** The same seed makes the same trees. */
  readonly seed: number;
  /** Scores from which an anomaly is medium, high and critical; ascending. */
  readonly medium: number;
  readonly high: number;
  readonly critical: number;
  /** Trees only: whether anomalous rows are learned like all others. */
  readonly learnAnomalies: boolean;
  /** Trees only, when they are not: anomalies in a row after which the detector starts afresh; 0 for never. */
  readonly relearnAfter: number;
  /** A longer time between two rows makes the detector start afresh, s; 0 for none. */
  readonly gap: number;
}

export const MULTIVARIATE_DEFAULTS: MultivariateOptions = {
  method: "hotelling",
  sensors: [],
  hold: 0,
  allowMissing: false,
  fit: 400,
  smoothing: 0.1,
  sigmas: 3,
  settle: 3600,
  oneIn: 1000,
  countWindow: 250,
  cutWindow: 1000,
  isolationWindow: 100,
  refit: 50,
  contamination: 0.1,
  seed: 1,
  medium: 4,
  high: 6,
  critical: 10,
  learnAnomalies: true,
  relearnAfter: 100,
  gap: 0,
};

export interface MultivariateEnvironment {
  /** Told of what went wrong outside of a call, such as a forest that could not be fitted. */
  readonly onProblem?: (error: Error) => void;
  /** Fits isolation forests; in a worker thread by default. */
  readonly fitter?: IsolationFitter;
  /** Is told what becomes of the devices' rows. */
  readonly observer?: RowObserver;
}

/** Makes the detector of one device. */
export interface MultivariateFactory {
  (): DeviceDetector;
  /** Ends what the detectors share: a worker thread, for isolation forests. */
  close(): Promise<void>;
}

type RowDetectorMaker = (
  options: MultivariateOptions,
  bands: SeverityBands,
  fitter: IsolationFitter,
  onProblem: (error: Error) => void,
) => (sensors: number) => RowDetector;

const TREES = { halfSpace: 25, randomCut: 32, isolation: 100 };
const HALF_SPACE_DEPTH = 8;
const CUT_SAMPLE = 128;

/** Rows that the trees' scale is learned from, where the method does not say. */
const SCALE_ROWS = 100;

/** The detectors of several sensors. One that is added here can be chosen, and is held by the tests of the family. */
const MAKERS = {
  hotelling: (options, bands) => {
    const fit = integerWithin("fit", options.fit, 60, 10_000);
    const smoothing = numberWithin("smoothing", options.smoothing, 0.01, 1);
    const threshold = numberWithin("sigmas", options.sigmas, 0.1, 1000);
    const settle = integerWithin("settle", options.settle, 0, Number.MAX_SAFE_INTEGER);
    return (sensors) => new Hotelling({ sensors, fit, smoothing, threshold, settle, bands });
  },
  halfSpaceTrees: (options, bands) => {
    const window = integerWithin("countWindow", options.countWindow, 50, 10_000);
    const oneIn = oneInOf(options);
    const shared = new Map<number, HalfSpaceCuts>();
    return (sensors) => {
      const cuts = shared.get(sensors) ?? new HalfSpaceCuts(sensors, TREES.halfSpace, HALF_SPACE_DEPTH, options.seed);
      shared.set(sensors, cuts);
      const forest = new HalfSpaceTrees(cuts, window);
      return new ForestDetector(forest, { name: "half-space-trees", sensors, scaleRows: window, oneIn, bands });
    };
  },
  randomCutForest: (options, bands) => {
    const window = integerWithin("cutWindow", options.cutWindow, 50, 100_000);
    const oneIn = oneInOf(options);
    const sample = Math.min(CUT_SAMPLE, window);
    return (sensors) => {
      const forest = new RandomCutForest({ sensors, trees: TREES.randomCut, sample, window, seed: options.seed });
      return new ForestDetector(forest, { name: "random-cut-forest", sensors, scaleRows: SCALE_ROWS, oneIn, bands });
    };
  },
  isolationForest: (options, bands, fitter, onProblem) => {
    const window = integerWithin("isolationWindow", options.isolationWindow, 20, 10_000);
    const refit = integerWithin("refit", options.refit, 1, 1_000_000);
    const contamination = numberWithin("contamination", options.contamination, 0.001, 0.5);
    const trees = TREES.isolation;
    return (sensors) => {
      const { seed } = options;
      const forest = new IsolationWindow({ sensors, window, refit, trees, contamination, seed, fitter, onProblem });
      return new ForestDetector(forest, { name: "isolation-forest", sensors, scaleRows: window, oneIn: 1e12, bands });
    };
  },
} satisfies Readonly<Record<string, RowDetectorMaker>>;

export type MultivariateMethod = keyof typeof MAKERS;

export const MULTIVARIATE_METHODS = Object.keys(MAKERS) as readonly MultivariateMethod[];

/**
 * Checks the options once and returns what makes the detector of one device.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function multivariateFactory(
  options: Partial<MultivariateOptions> = {},
  { onProblem = () => {}, fitter, observer }: MultivariateEnvironment = {},
): MultivariateFactory {
  const complete = { ...MULTIVARIATE_DEFAULTS, ...options };
  const service = new IsolationService();
  const create = makerOf(complete.method)(checked(complete), bandsOf(complete), fitter ?? service.fit, onProblem);
  const device = {
    sensors: complete.sensors,
    ...(observer && { observer }),
    hold: numberWithin("hold", complete.hold, 0, Number.MAX_VALUE) * 1000,
    allowMissing: complete.allowMissing,
    gap: numberWithin("gap", complete.gap, 0, Number.MAX_VALUE) * 1000,
    learnAnomalies: complete.learnAnomalies,
    relearnAfter: integerWithin("relearnAfter", complete.relearnAfter, 0, Number.MAX_SAFE_INTEGER),
  };
  const detector = (): DeviceDetector => new DeviceDetector(create, device);
  detector();
  return Object.assign(detector, { close: () => service.close() });
}

function makerOf(method: MultivariateMethod): RowDetectorMaker {
  if (Object.hasOwn(MAKERS, method)) return MAKERS[method];
  throw new RangeError(`method: expected one of ${MULTIVARIATE_METHODS.join(", ")}, got "${method}"`);
}

function checked(options: MultivariateOptions): MultivariateOptions {
  integerWithin("seed", options.seed, 0, 2 ** 31);
  integerWithin("sensors", options.sensors.length, 0, MAX_COLUMNS);
  return options;
}

function oneInOf(options: MultivariateOptions): number {
  return numberWithin("oneIn", options.oneIn, 10, 1e12);
}

function bandsOf({ medium, high, critical }: MultivariateOptions): SeverityBands {
  if (medium <= high && high <= critical) return { medium, high, critical };
  throw new RangeError(`severity: expected medium <= high <= critical, got ${medium}, ${high} and ${critical}`);
}
