import type { OutputInfo } from "../drivers/core";
import type { Reading } from "../reading";
import type { Change } from "./guard";

/** What was set as a reading: its sensor is the output's name, its metadata say why it was set. */
export function readingOf(
  deviceId: string,
  { actuator, unit }: OutputInfo,
  change: Change,
  timestamp: number,
): Reading {
  const { value, cause } = change;
  return { deviceId, sensor: actuator, value, unit, timestamp, quality: "good", metadata: { cause } };
}
