import { resolve } from "node:path";
import { ConfigError, type ConfigOf } from "../../../kit";
import { bytesOf } from "../../../lib/files";
import {
  checkedReport,
  DeviceLife,
  extrapolationFactory,
  type LifeEstimator,
  similarityFactory,
} from "../../../lib/rul";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/**
 * What makes the state of one device for the two methods that follow one figure of wear.
 * @throws RangeError, CsvError or ConfigError saying what cannot work
 */
export async function deviceLifeFactory(config: Config, userDir: string): Promise<() => DeviceLife> {
  const { sensor, ageBy, counter, hoursPerCount, dueBelow, dueBy, hysteresis } = config;
  const estimator = config.method === "similarity" ? await fromRuns(config, userDir) : fromWear(config);
  const report = checkedReport({ model: config.method, dueBelow, dueBy, hysteresis, every: config.every * 1000 });
  return () => new DeviceLife(estimator(), { sensor, ageBy, counter, hoursPerCount, report });
}

function fromWear(config: Config): () => LifeEstimator {
  const { failure, failureSpread, shape, baseline, onset, horizon, origin } = config;
  const typical = config.hasTypical && { typicalLife: config.typicalLife, typicalSpread: config.typicalSpread };
  return extrapolationFactory({
    failure,
    failureSpread,
    shape,
    baseline,
    onset,
    horizon,
    ...(origin !== undefined && { origin }),
    ...typical,
  });
}

async function fromRuns(config: Config, userDir: string): Promise<() => LifeEstimator> {
  const path = resolve(userDir, config.file);
  const columns = { unit: config.unitColumn, age: config.ageColumn, value: config.valueColumn };
  try {
    const { readRuns } = await import("../../../lib/rul/run-file.js");
    const runs = await readRuns(bytesOf(path), columns, config.hoursPerAge);
    const { window, onset, step } = config;
    return similarityFactory(runs, { window, onset, ...(step !== undefined && { step }) });
  } catch (error) {
    throw new ConfigError(`Runs to failure: ${path}: ${error instanceof Error ? error.message : error}`);
  }
}
