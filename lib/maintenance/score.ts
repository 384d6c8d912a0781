import type { Severity } from "../reading/reading";
import { MAINTENANCE_FEATURES, type MaintenanceFeature, type MaintenanceFeatures, QUANTITIES } from "./features";

export type Coefficients = Readonly<Record<MaintenanceFeature | "intercept", number>>;

const OF_EACH_QUANTITY = { mean: 2.5, std: 1, min: 0.5, max: 1.5 };

/**
 * Coefficients for machines without history, chosen so that the probability means what an engineer would say of the week:
 * everything normal 0.03; one quantity at its limit all week 0.8 (medium); one 30 % beyond it, or two at it, above 0.9 (high);
 * one that only touched its limit 0.1. They are no estimate from data: with a history of repairs, fit them by logistic
 * regression on the same features and enter those.
 */
export const DEFAULT_COEFFICIENTS: Coefficients = {
  intercept: -4,
  ...(Object.fromEntries(
    QUANTITIES.flatMap((quantity) =>
      Object.entries(OF_EACH_QUANTITY).map(([statistic, value]) => [`${quantity}.${statistic}`, value]),
    ),
  ) as Record<MaintenanceFeature, number>),
  "hours.variability": 1,
  "days.operated": 0.5,
};

/** Relative values are clipped here: a broken sensor must not decide alone. */
const SMALLEST = -1;
const LARGEST = 3;

/** Logistic score: 1 / (1 + exp(-(intercept + sum of coefficient times feature))). */
export function maintenanceProbability(features: MaintenanceFeatures, coefficients: Coefficients): number {
  const sum = MAINTENANCE_FEATURES.reduce((total, feature) => {
    const value = Math.max(SMALLEST, Math.min(LARGEST, features[feature]));
    return total + coefficients[feature] * value;
  }, coefficients.intercept);
  return 1 / (1 + Math.exp(-sum));
}

export interface SeverityLimits {
  readonly medium: number;
  readonly high: number;
}

/** Above `high` high, above `medium` medium, otherwise none. */
export function maintenanceSeverity(probability: number, { medium, high }: SeverityLimits): Severity | undefined {
  return probability > high ? "high" : probability > medium ? "medium" : undefined;
}
