import { integerWithin, numberWithin } from "../numeric/limits";
import { type DetectorMaker, type DetectorOptions, OPTION_DEFAULTS } from "./options";
import { SeriesDetector, type SeriesDetectorOptions } from "./series-detector";

/**
 * What makes the detector of one series by a given method: for those who need no other, and none of its code.
 * @throws RangeError naming the option, what it was and what was expected
 */
export function seriesFactory(
  maker: DetectorMaker,
  options: Partial<DetectorOptions> = {},
  listeners: Pick<SeriesDetectorOptions, "onUnit"> = {},
): () => SeriesDetector {
  const complete = { ...OPTION_DEFAULTS, ...options };
  const create = maker(complete);
  const gap = numberWithin("gap", complete.gap, 0, Number.MAX_VALUE) * 1000;
  const relearnAfter = integerWithin("relearnAfter", complete.relearnAfter, 0, Number.MAX_SAFE_INTEGER);
  const { learnAnomalies } = complete;
  return () => new SeriesDetector(create(), { gap, learnAnomalies, relearnAfter, ...listeners });
}
