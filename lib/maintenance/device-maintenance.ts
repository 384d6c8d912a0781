import { numberWithin } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import type { Reading } from "../reading/reading";
import { SteadyUnits } from "../rul/steady-units";
import { type Coefficients, maintenanceProbability, maintenanceSeverity, type SeverityLimits } from "./score";
import type { WeekOptions } from "./seven-days";
import { MaintenanceWeek, type WeekStep } from "./week";

export interface MaintenanceOptions extends WeekOptions {
  readonly coefficients: Coefficients;
  readonly severity: SeverityLimits;
  /** Shortest time between two reports, ms. */
  readonly every: number;
}

export interface MaintenanceStep {
  /** A reading of the sensor `maintenance_probability`, when one is due. */
  readonly result?: Reading;
  /** Why the reading that was given changed nothing. */
  readonly leftOut?: "late" | "far ahead";
}

/** Something about the readings that the user should know. */
export interface MaintenanceDoubt {
  readonly cause: "far ahead" | "clock set back" | "missing";
  readonly text: string;
}

const NOTHING: MaintenanceStep = {};
/** Sensors whose units are watched: of the quantities, and the one that tells whether the machine runs. */
const MOST_SENSORS = 4;
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
  readonly #units = new SteadyUnits(MOST_SENSORS);
  #reported = Number.NEGATIVE_INFINITY;
  /** What is odd about the latest readings. */
  doubt: MaintenanceDoubt | undefined;

  constructor(private readonly options: MaintenanceOptions) {
    this.#week = new MaintenanceWeek(options);
  }

  /**
   * Takes a reading of the device.
   * @throws RangeError when the unit of one of the sensors is another one than before
   */
  push(reading: Reading): MaintenanceStep {
    const { ranges, runningSensor } = this.options;
    const isWatched = reading.sensor === runningSensor || ranges.some(({ sensor }) => sensor === reading.sensor);
    if (isWatched && isUsable(reading)) this.#checkUnit(reading);
    const step = this.#week.push(reading);
    if (step === "late" || step === "far ahead") return this.#leave(step, reading);
    if (step === "restarted") this.#raise("clock set back", `its clock went back to ${timeOf(reading)}`);
    return step === "on" || step === "restarted" ? this.#report(reading, step) : NOTHING;
  }

  #checkUnit(reading: Reading): void {
    try {
      this.#units.check(reading);
    } catch (error) {
      this.#week.push({ ...reading, quality: "bad" });
      throw error;
    }
  }

  #leave(leftOut: "late" | "far ahead", reading: Reading): MaintenanceStep {
    if (leftOut === "far ahead") {
      this.#raise(leftOut, `a reading is dated ${timeOf(reading)}, far ahead: left out unless the next one agrees`);
    }
    return { leftOut };
  }

  #raise(cause: MaintenanceDoubt["cause"], text: string): void {
    this.doubt = { cause, text };
  }

  #report(reading: Reading, step: WeekStep): MaintenanceStep {
    const { timestamp } = reading;
    if (this.#week.days < FEWEST_DAYS || Math.abs(timestamp - this.#reported) < this.options.every) return NOTHING;
    this.#reported = timestamp;
    const { reasons, isEmpty, isForeign } = this.#week.missing();
    if (step !== "restarted") this.doubt = undefined;
    // Devices of another kind may be among those that are meant; of a machine whose sensors have gone the user must know.
    if (reasons.length > 0 && !isForeign) this.#raise("missing", reasons.join("; "));
    return isEmpty ? NOTHING : { result: this.#resultAt(reading, reasons) };
  }

  #resultAt({ deviceId, timestamp, historical }: Reading, missing: readonly string[]): Reading {
    const probability = maintenanceProbability(this.#week.features(), this.options.coefficients);
    const severity = maintenanceSeverity(probability, this.options.severity);
    const reason = missing.join("; ");
    return {
      deviceId,
      sensor: "maintenance_probability",
      value: probability,
      unit: "1",
      timestamp,
      quality: missing.length > 0 ? "uncertain" : "good",
      ...(historical && { historical }),
      metadata: { days: String(this.#week.days), ...(severity && { severity }), ...(reason !== "" && { reason }) },
      prediction: { model: "maintenance", value: probability, unit: "1" },
    };
  }

  snapshot(): unknown {
    const reported = Number.isFinite(this.#reported) ? this.#reported : undefined;
    return { week: this.#week.snapshot(), units: this.#units.snapshot(), reported };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#week.restore(saved.any("week"));
    // States of before units were watched go on with those of the next readings.
    this.#units.restore(saved.any("units") ?? []);
    this.#reported = saved.optionalNumber("reported") ?? Number.NEGATIVE_INFINITY;
  }
}

function timeOf({ timestamp }: Reading): string {
  return new Date(timestamp).toISOString();
}
