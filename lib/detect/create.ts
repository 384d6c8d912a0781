import { AUTO_DEFAULTS, autoFactory } from "./auto";
import { residualFactory } from "./autoregressive-residual";
import { cusumFactory } from "./cusum";
import { ewmaFactory } from "./ewma-chart";
import { historyFactory } from "./history-baseline";
import { levelShiftFactory } from "./level-shift";
import { type DetectorMaker, type DetectorOptions, minStdOf, OPTION_DEFAULTS, type Sensitivity } from "./options";
import { rangeNoveltyFactory } from "./range-novelty";
import { robustZScoreFactory } from "./robust-z-score";
import type { SeriesDetector, SeriesDetectorOptions } from "./series-detector";
import { seriesFactory } from "./series-factory";
import { stuckFactory } from "./stuck";
import { subsequenceFactory } from "./subsequence-distance";
import { varianceShiftFactory } from "./variance-shift";
import { zScoreFactory } from "./z-score";

/** The detectors of one series. One that is added here can be chosen, and is held by the tests of the family. */
const MAKERS = {
  auto: autoMaker,
  zScore: zScoreFactory,
  robustZScore: robustZScoreFactory,
  history: historyFactory,
  ewma: ewmaFactory,
  cusum: cusumFactory,
  range: rangeNoveltyFactory,
  levelShift: levelShiftFactory,
  varianceShift: varianceShiftFactory,
  stuck: stuckFactory,
  residual: residualFactory,
  subsequence: subsequenceFactory,
} satisfies Readonly<Record<string, DetectorMaker>>;

/** What the sensitivity makes of the evidence that `auto` asks for. */
const THRESHOLD_FACTORS: Readonly<Record<Sensitivity, number>> = { lower: 3, usual: 1, higher: 1 / 3 };

export type DetectorMethod = keyof typeof MAKERS;

export const DETECTOR_METHODS = Object.keys(MAKERS) as readonly DetectorMethod[];

export const DETECTOR_DEFAULTS: DetectorOptions & { readonly method: DetectorMethod } = {
  method: "zScore",
  ...OPTION_DEFAULTS,
};

/**
 * Checks the options once and returns what makes the detector of one series.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function detectorFactory(
  options: Partial<DetectorOptions & { readonly method: DetectorMethod }> = {},
  listeners: Pick<SeriesDetectorOptions, "onUnit"> = {},
): () => SeriesDetector {
  return seriesFactory(makerOf(options.method ?? DETECTOR_DEFAULTS.method), options, listeners);
}

function makerOf(method: DetectorMethod): DetectorMaker {
  if (Object.hasOwn(MAKERS, method)) return MAKERS[method];
  throw new RangeError(`method: expected one of ${DETECTOR_METHODS.join(", ")}, got "${method}"`);
}

function autoMaker(options: DetectorOptions) {
  const { sensitivity, refractory, period, settling, declaredLow, declaredHigh } = options;
  if (!Object.hasOwn(THRESHOLD_FACTORS, sensitivity)) {
    throw new RangeError(
      `sensitivity: expected one of ${Object.keys(THRESHOLD_FACTORS).join(", ")}, got "${sensitivity}"`,
    );
  }
  const threshold = THRESHOLD_FACTORS[sensitivity] * AUTO_DEFAULTS.threshold;
  return autoFactory({
    threshold,
    refractory,
    period,
    settling,
    declaredLow,
    declaredHigh,
    resolution: minStdOf(options),
  });
}
