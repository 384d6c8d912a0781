/** The three quantities that the classic maintenance score looks at. */
export const QUANTITIES = ["temperature", "vibration", "pressure"] as const;
export type Quantity = (typeof QUANTITIES)[number];
export const STATISTICS = ["mean", "std", "min", "max"] as const;
export type Statistic = (typeof STATISTICS)[number];

/**
 * What the score is made of. Statistics are of seven days, relative to the quantity's range: 0 at its normal value, 1 at its
 * limit, so that they mean the same for every machine. `hours.variability` is the coefficient of variation of the operating
 * hours of a day, `days.operated` the share of the days on which the machine ran.
 */
export type MaintenanceFeature = `${Quantity}.${Statistic}` | "hours.variability" | "days.operated";

export const MAINTENANCE_FEATURES: readonly MaintenanceFeature[] = [
  ...QUANTITIES.flatMap((quantity) => STATISTICS.map((statistic): MaintenanceFeature => `${quantity}.${statistic}`)),
  "hours.variability",
  "days.operated",
];

export type MaintenanceFeatures = Readonly<Record<MaintenanceFeature, number>>;

export function isMaintenanceFeature(name: string): name is MaintenanceFeature {
  return (MAINTENANCE_FEATURES as readonly string[]).includes(name);
}
