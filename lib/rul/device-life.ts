import type { Snapshotable } from "../numeric/state";
import { SavedState } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import type { Reading } from "../reading/reading";
import { Age, type AgeBy } from "./age";
import type { LifeEstimator } from "./estimate";
import { type LifeReadings, LifeReport, type ReportOptions } from "./report";

export interface DeviceLifeOptions {
  /** The figure of wear. */
  readonly sensor: string;
  readonly ageBy: AgeBy;
  /** Sensor of the counter, for ages by counter. */
  readonly counter: string;
  readonly hoursPerCount: number;
  readonly report: ReportOptions;
}

const NOTHING: LifeReadings = { lives: [], phases: [] };

/** The remaining life of one device from the readings of its figure of wear. */
export class DeviceLife implements Snapshotable {
  readonly #age: Age;
  readonly report: LifeReport;
  /** Why nothing can be estimated, as told by the estimator. */
  problem: string | undefined;

  constructor(
    private readonly estimator: LifeEstimator,
    private readonly options: DeviceLifeOptions,
  ) {
    this.#age = new Age(options.ageBy, options.hoursPerCount);
    this.report = new LifeReport(options.report);
  }

  /**
   * Takes a reading of the device; those of other sensors, bad ones and texts change nothing.
   * @throws RangeError when the figure comes before the counter that gives its age
   */
  push(reading: Reading): LifeReadings {
    if (!isUsable(reading)) return NOTHING;
    const { sensor, ageBy, counter } = this.options;
    if (ageBy === "counter" && reading.sensor === counter) this.#age.count(reading.value);
    if (reading.sensor !== sensor) return NOTHING;
    const hours = this.#age.at(reading.timestamp);
    if (hours === undefined) throw new RangeError(`no reading of the counter ${reading.deviceId}/${counter} yet`);
    this.estimator.push(reading.value, hours);
    if (!this.report.wants(reading.timestamp)) return NOTHING;
    const verdict = this.estimator.verdict();
    this.problem = verdict.problem;
    return this.report.take(verdict, reading);
  }

  snapshot(): unknown {
    return { age: this.#age.snapshot(), estimator: this.estimator.snapshot(), report: this.report.snapshot() };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#age.restore(saved.any("age"));
    this.estimator.restore(saved.any("estimator"));
    this.report.restore(saved.any("report"));
  }
}
