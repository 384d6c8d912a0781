import type { InfluxConnection, InfluxTarget, InfluxVersion } from "./connection";
import { openInflux1 } from "./influx1";
import { openInflux2 } from "./influx2";
import { openInflux3 } from "./influx3";

const OPENERS: Readonly<Record<InfluxVersion, (connection: InfluxConnection) => InfluxTarget>> = {
  influx1: openInflux1,
  influx2: openInflux2,
  influx3: openInflux3,
};

/**
 * A target that connects at its first request.
 * @throws TypeError for a URL that is none
 */
export function openInflux(version: InfluxVersion, connection: InfluxConnection): InfluxTarget {
  return OPENERS[version](connection);
}
