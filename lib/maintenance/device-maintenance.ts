import { numberWithin } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import type { Reading } from "../reading/reading";
import { type Coefficients, maintenanceProbability, maintenanceSeverity, type SeverityLimits } from "./score";
import { MaintenanceWeek, type WeekOptions } from "./week";

export interface MaintenanceOptions extends WeekOptions {
  readonly coefficients: Coefficients;
  readonly severity: SeverityLimits;
  /** Shortest time between two reports, ms. */
  readonly every: number;
}

/** A whole day is needed before anything is said of a week. */
const FEWEST_DAYS = 1;

/** @throws RangeError naming the option */
export function maintenanceFactory(options: MaintenanceOptions): () => DeviceMaintenance {
  numberWithin("medium", options.severity.medium, 0, options.severity.high);
  numberWithin("high", options.severity.high, 0, 1);
  for (const [name, value] of Object.entries(options.coefficients)) numberWithin(name, value, -1e6, 1e6);
  // The week checks its own options; a configuration that is wrong must not wait for its first reading.
  new MaintenanceWeek(options);
  return () => new DeviceMaintenance(options);
}

/** How probable it is that one machine needs maintenance, from its last seven days. */
export class DeviceMaintenance implements Snapshotable {
  readonly #week: MaintenanceWeek;
  #reported = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: MaintenanceOptions) {
    this.#week = new MaintenanceWeek(options);
  }

  /** @returns a reading of the sensor `maintenance_probability`, when one is due */
  push(reading: Reading): Reading | undefined {
    this.#week.push(reading);
    const { timestamp, deviceId, historical } = reading;
    if (this.#week.days < FEWEST_DAYS || Math.abs(timestamp - this.#reported) < this.options.every) return undefined;
    this.#reported = timestamp;
    const probability = maintenanceProbability(this.#week.features(), this.options.coefficients);
    const severity = maintenanceSeverity(probability, this.options.severity);
    return {
      deviceId,
      sensor: "maintenance_probability",
      value: probability,
      unit: "1",
      timestamp,
      quality: "good",
      ...(historical && { historical }),
      metadata: { days: String(this.#week.days), ...(severity && { severity }) },
      prediction: { model: "maintenance", value: probability, unit: "1" },
    };
  }

  snapshot(): unknown {
    const reported = Number.isFinite(this.#reported) ? this.#reported : undefined;
    return { week: this.#week.snapshot(), reported };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#week.restore(saved.any("week"));
    this.#reported = saved.optionalNumber("reported") ?? Number.NEGATIVE_INFINITY;
  }
}
