import { describe } from "../reading";

/** Which alerts an operator means: one by its id, those of a device (and sensor), or all there are. */
export type Target =
  | { readonly id: string }
  | { readonly deviceId: string; readonly sensor?: string }
  | { readonly all: true };

/** A command that means nothing, or nothing that is there. */
export class TargetError extends Error {
  override readonly name = "TargetError";
}

/**
 * Reads a target from a command's payload: an alert's id, "all", `{id}`, `{deviceId, sensor}` or `{all: true}`.
 * @throws TargetError saying what was expected
 */
export function parseTarget(payload: unknown): Target {
  if (payload === "all") return { all: true };
  if (typeof payload === "string" && payload !== "") return { id: payload };
  if (typeof payload === "object" && payload !== null) {
    const { id, deviceId, sensor, all } = payload as Record<string, unknown>;
    if (id === "all" || all === true) return { all: true };
    if (typeof id === "string" && id !== "") return { id };
    if (typeof deviceId === "string" && deviceId !== "") {
      return typeof sensor === "string" && sensor !== "" ? { deviceId, sensor } : { deviceId };
    }
  }
  throw new TargetError(`expected an alert's id, "all", or an object with id or deviceId, got ${describe(payload)}`);
}

/** Whether the series may hold what is meant; with an id its alerts have to be looked at. */
export function selects(target: Target, series: { readonly deviceId: string; readonly sensor: string }): boolean {
  if (!("deviceId" in target)) return true;
  return series.deviceId === target.deviceId && (target.sensor === undefined || series.sensor === target.sensor);
}
