import { GRAVITY } from "../drivers/core/samples";

/** UCUM code of the square of a unit: "[g]" -> "[g]2", "m/s2" -> "(m/s2)2", "1" -> "1". */
export function squared(unit: string): string {
  if (unit === "1" || unit === "") return "1";
  return /^([A-Za-z]+|[A-Za-z]*\[[^\]]+\]|%)$/.test(unit) ? `${unit}2` : `(${unit})2`;
}

const ACCELERATIONS: ReadonlyMap<string, number> = new Map([
  ["m/s2", 1],
  ["m.s-2", 1],
  ["[g]", GRAVITY],
  ["m[g]", GRAVITY / 1000],
  ["mm/s2", 1e-3],
  ["cm/s2", 1e-2],
  ["Gal", 1e-2],
]);

/** How many m/s2 one unit is; undefined when it is no unit of acceleration. */
export function accelerationFactor(unit: string): number | undefined {
  return ACCELERATIONS.get(unit);
}

/** UCUM codes of acceleration, for messages. */
export const ACCELERATION_UNITS = [...ACCELERATIONS.keys()].join(", ");

const SPEEDS: ReadonlyMap<string, number> = new Map([
  ["/min", 1],
  ["1/min", 1],
  ["{rpm}", 1],
  ["{RPM}", 1],
  ["rpm", 1],
  ["{rev}/min", 1],
  ["Hz", 60],
  ["/s", 60],
  ["1/s", 60],
  ["{rev}/s", 60],
  ["rad/s", 30 / Math.PI],
  ["deg/s", 1 / 6],
  ["1", 1],
]);

/** How many revolutions a minute one unit is; no unit is taken for revolutions a minute. Undefined for other units. */
export function speedFactor(unit: string): number | undefined {
  return SPEEDS.get(unit);
}

/** UCUM codes of a shaft's speed, for messages. */
export const SPEED_UNITS = [...SPEEDS.keys()].join(", ");
