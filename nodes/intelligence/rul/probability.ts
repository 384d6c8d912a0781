import { ConfigError, type ConfigOf } from "../../../kit";
import {
  type Coefficients,
  DEFAULT_COEFFICIENTS,
  type DeviceMaintenance,
  isMaintenanceFeature,
  MAINTENANCE_FEATURES,
  maintenanceFactory,
} from "../../../lib/maintenance";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/**
 * What makes the state of one device for the maintenance probability.
 * @throws RangeError or ConfigError saying what cannot work
 */
export function deviceMaintenanceFactory(config: Config): () => DeviceMaintenance {
  const { ranges, runningSensor, runningFrom, mediumAbove, highAbove } = config;
  return maintenanceFactory({
    ranges,
    ...(runningSensor !== "" && { runningSensor }),
    runningFrom,
    coefficients: coefficientsOf(config),
    severity: { medium: mediumAbove, high: highAbove },
    every: config.every * 1000,
  });
}

/** The usual coefficients, unless others are given: then those that are not named are 0. */
function coefficientsOf({ coefficients }: Config): Coefficients {
  if (coefficients.length === 0) return DEFAULT_COEFFICIENTS;
  const given = Object.fromEntries(["intercept", ...MAINTENANCE_FEATURES].map((name) => [name, 0]));
  for (const { feature, value } of coefficients) {
    if (feature !== "intercept" && !isMaintenanceFeature(feature)) {
      const known = MAINTENANCE_FEATURES.join(", ");
      throw new ConfigError(`coefficients: there is no feature "${feature}"; there are intercept, ${known}`);
    }
    given[feature] = value;
  }
  return given as Coefficients;
}
