import { ConfigError, type ConfigOf } from "../../../kit";
import { type AssemblerOptions, BEARINGS, bearingRatios, type FeatureOptions } from "../../../lib/features";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;
type Bearing = Config["bearings"][number];

/** @throws ConfigError naming the field that does not fit */
export function featureOptions(config: Config): FeatureOptions {
  return {
    features: config.features,
    detrend: config.detrend,
    taper: config.taper,
    interpolate: config.interpolate,
    velocityBand: { lowHz: config.velocityLow, highHz: config.velocityHigh },
    bands: config.bands.map(({ name, low, high }) => ({ name, lowHz: low, highHz: high })),
    orders: config.orders.map(Number),
    bearings: config.bearings.map((bearing) => ({ name: bearing.name, ratios: ratiosOf(bearing) })),
    envelopeBand: config.envelope === "auto" ? "auto" : { lowHz: config.envelopeLow, highHz: config.envelopeHigh },
    harmonics: config.harmonics,
    slip: config.slip / 100,
  };
}

export function assemblerOptions({ size, overlap, rate, bridge }: Config): AssemblerOptions {
  return { size, step: Math.max(1, Math.round(size * (1 - overlap / 100))), rateHz: rate, bridge };
}

function ratiosOf(bearing: Bearing) {
  const { kind } = bearing;
  if (kind === "geometry") return bearingRatios(bearing);
  if (kind !== "ratios") return BEARINGS[kind];
  const { bpfo, bpfi, bsf, ftf } = bearing;
  if (bpfo > 0 && bpfi > 0 && bsf > 0 && ftf > 0) return { bpfo, bpfi, bsf, ftf };
  throw new ConfigError(`Bearings: expected ratios above 0 for ${bearing.name || "the bearing"}`);
}
