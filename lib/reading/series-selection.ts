import { describe, ReadingError } from "./check";

/**
 * Which series a command is for, by what its payload says: `{deviceId}` or `{deviceId, sensor}`, or the device's id alone.
 * "all", nothing, and what a timer or button sends (a number, a boolean) mean every series: then undefined is returned.
 * @throws ReadingError when the payload names nothing
 */
export function seriesSelection(payload: unknown): ((key: string) => boolean) | undefined {
  if (typeof payload === "object" && payload !== null) return selectionOf(payload as Record<string, unknown>);
  if (typeof payload !== "string" || payload === "" || payload === "all") return undefined;
  return (key) => key.startsWith(`${payload}/`);
}

function selectionOf({ deviceId, sensor }: Record<string, unknown>): (key: string) => boolean {
  if (typeof deviceId !== "string" || deviceId === "" || (sensor !== undefined && typeof sensor !== "string")) {
    throw new ReadingError(
      `expected "all", a device id or {deviceId, sensor}, got ${describe(deviceId)} as deviceId`,
      "msg.payload",
    );
  }
  return sensor === undefined ? (key) => key.startsWith(`${deviceId}/`) : (key) => key === `${deviceId}/${sensor}`;
}
