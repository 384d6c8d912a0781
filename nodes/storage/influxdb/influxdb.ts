import { ConfigError, defineNode } from "../../../kit";
import { type InfluxService, parseServerUrl } from "../../../lib/timeseries";
import { schema } from "./schema";

const NAMES = { influx1: "InfluxDB 1.x", influx2: "InfluxDB 2.x", influx3: "InfluxDB 3" } as const;

export default defineNode(schema, ({ config, credentials }) => {
  const url = checkedUrl(config.url);
  const service: InfluxService = {
    version: config.server,
    title: `${NAMES[config.server]} at ${url.host}`,
    connection: {
      url: url.href,
      database: config.server === "influx2" ? config.bucket : config.database,
      organization: config.organization,
      retentionPolicy: config.retentionPolicy || undefined,
      measurement: config.measurement,
      timeoutMs: config.timeout * 1000,
      verifyCertificate: config.verifyCertificate,
      gzip: config.gzip,
      ...credentials,
    },
  };
  return { service };
});

function checkedUrl(address: string): URL {
  try {
    return parseServerUrl(address);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}
