import type { ConfigOf } from "../../../kit/node-schema";
import type { Newcomer, PastLoader, SeriesDetector } from "../../../lib/detect";
import type { MultivariateMethod } from "../../../lib/detect/multivariate";
import type { Reading } from "../../../lib/reading";
import { seriesKey } from "../../../lib/reading/series-key";
import type { RowTeller } from "../../../lib/rows";
import type { HistoryService } from "../../../lib/store/contract";
import { Once } from "../../../lib/text/once";
import { OF_SEVERAL_SENSORS } from "./methods";
import type { schema } from "./schema";

export type AnomalyConfig = ConfigOf<typeof schema>;

/** A detector of one series, or of one device; it may have the snapshots that PerSeries saves. */
export interface Judge {
  push(reading: Reading): Reading;
}

/**
 * Devices whose states are kept: together they take no more than the series of a detector of one sensor, by what the bench
 * of the detectors measures of eight sensors.
 */
const MOST_DEVICES: Readonly<Record<MultivariateMethod, number>> = {
  hotelling: 20_000,
  halfSpaceTrees: 5000,
  isolationForest: 5000,
  randomCutForest: 500,
};

/** What the chosen method comes down to. */
export interface Judging {
  create(): Judge;
  /** Takes in what is known of these readings' series from before; undefined when nothing is to be awaited. */
  prepare?(batch: readonly Reading[], judgeOf: (reading: Reading) => Judge | undefined): Promise<void> | undefined;
  /** This one shall begin with nothing. */
  skipPast?(judge: Judge): void;
  /** Of detectors of several sensors: what keeps the rows of devices from being judged. */
  readonly problem?: string | undefined;
  /** The state of this device was forgotten; of all devices when missing. */
  forget?(deviceId?: string): void;
  close?(): Promise<void>;
}

/** Detectors of several sensors have one state a device. */
export function isOfSeveralSensors(method: string): method is MultivariateMethod {
  return OF_SEVERAL_SENSORS.some((one) => one === method);
}

/** How many states are kept; undefined for as many as PerSeries keeps of series. */
export function capOf(method: string): number | undefined {
  return isOfSeveralSensors(method) ? MOST_DEVICES[method] : undefined;
}

/** Where the state of a reading's series, or of its device, is kept. */
export function stateKeyOf(method: string): (reading: Reading) => string {
  return isOfSeveralSensors(method) ? ({ deviceId }) => seriesKey({ deviceId, sensor: "" }) : seriesKey;
}

/**
 * Detectors are loaded when a node that uses them starts, because they are many files that most gateways' other nodes do
 * without.
 * @param history gives the store's history, for the method that judges by it
 * @param node told of errors that belong to no reading, and of what is left out of rows
 * @throws RangeError naming the option; what `history` throws
 */
export async function judgingBy(
  config: AnomalyConfig,
  history: () => HistoryService,
  node: RowTeller & { fail(error: unknown): void },
): Promise<Judging> {
  const { method } = config;
  const onProblem = (error: unknown): void => node.fail(error);
  if (isOfSeveralSensors(method)) {
    const { multivariateFactory } = await import("../../../lib/detect/multivariate/index.js");
    const { RowWatch } = await import("../../../lib/rows/index.js");
    const observer = new RowWatch(node);
    const create = multivariateFactory({ ...config, method, oneIn: config.oneInRows }, { onProblem, observer });
    return {
      create,
      get problem() {
        return observer.problem;
      },
      forget: (deviceId) => observer.forget(deviceId),
      close: () => create.close(),
    };
  }
  const { detectorFactory, historySpanOf, PastLoader } = await import("../../../lib/detect/index.js");
  const create = detectorFactory({ ...config, method }, { onUnit: unitWarner(node) });
  if (method !== "history") return { create };
  const loader = new PastLoader(history(), { span: historySpanOf(config), onProblem });
  return {
    create,
    prepare: (batch, judgeOf) => {
      const newcomers = newcomersIn(batch, judgeOf, loader);
      return newcomers.length > 0 ? loader.load(newcomers) : undefined;
    },
    skipPast: (judge) => loader.skip(judge as SeriesDetector),
  };
}

/** Series of this batch of which the store may know more than their detectors. */
function newcomersIn(
  batch: readonly Reading[],
  judgeOf: (reading: Reading) => Judge | undefined,
  loader: PastLoader,
): readonly Newcomer[] {
  return batch.flatMap((reading) => {
    const detector = judgeOf(reading) as SeriesDetector | undefined;
    return detector && loader.isNew(detector) ? [{ reading, detector }] : [];
  });
}

/** Series whose units are warned about; more say nothing new. */
const MOST_WARNINGS = 20;

function unitWarner(node: { warn(message: string): void }) {
  const warned = new Once(MOST_WARNINGS);
  return ({ deviceId, sensor, unit }: Reading, before: string): void => {
    const name = `${deviceId}/${sensor}`;
    if (warned.isNews(name)) node.warn(`${name}: its unit is ${unit} after ${before}; its detector learns anew`);
  };
}
