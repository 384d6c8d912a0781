import type { Summary } from "./summary";

export type StatisticName = "mean" | "min" | "max" | "sum" | "count" | "std" | "first" | "last" | "rate";

/** One number that a window gives. */
export interface Statistic {
  /** Ends the name of the sensor: "mean", "p95". */
  readonly name: string;
  /** Undefined when the window has too few readings for it. */
  value(summary: Summary): number | undefined;
  /** Unit of the statistic of readings with the given unit. */
  unit(unit: string): string;
}

const same = (unit: string): string => unit;

const STATISTICS: Readonly<Record<StatisticName, Statistic>> = {
  mean: { name: "mean", value: (summary) => summary.mean, unit: same },
  min: { name: "min", value: (summary) => summary.min, unit: same },
  max: { name: "max", value: (summary) => summary.max, unit: same },
  sum: { name: "sum", value: (summary) => summary.sum, unit: same },
  count: { name: "count", value: (summary) => summary.count, unit: () => "1" },
  std: { name: "std", value: (summary) => summary.std, unit: same },
  first: { name: "first", value: (summary) => summary.first, unit: same },
  last: { name: "last", value: (summary) => summary.last, unit: same },
  rate: { name: "rate", value: (summary) => summary.rate, unit: perSecond },
};

/** Degrees Celsius and Fahrenheit have no zero to divide from, so their differences are in kelvin and Rankine (UCUM 21). */
function perSecond(unit: string): string {
  if (unit === "Cel") return "K/s";
  return unit === "[degF]" ? "[degR]/s" : `${unit}/s`;
}

/** @throws RangeError for an unknown name */
export function statisticNamed(name: string): Statistic {
  const statistic = Object.hasOwn(STATISTICS, name) ? STATISTICS[name as StatisticName] : undefined;
  if (statistic) return statistic;
  throw new RangeError(`statistics: expected some of ${Object.keys(STATISTICS).join(", ")}, got "${name}"`);
}
