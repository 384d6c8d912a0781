import { DeviceClock } from "../clock";
import type { Snapshotable } from "../numeric/state";
import { SavedState } from "../numeric/state";
import { isUsable } from "../numeric/usable";
import { describe } from "../reading/check";
import type { Reading } from "../reading/reading";
import { timeText } from "../text/time";
import { Age, type AgeBy } from "./age";
import type { LifeEstimator } from "./estimate";
import { type LifeReadings, LifeReport, type ReportOptions } from "./report";
import { SteadyUnits } from "./steady-units";

export interface DeviceLifeOptions {
  /** The figure of wear. */
  readonly sensor: string;
  readonly ageBy: AgeBy;
  /** Sensor of the counter, for ages by counter. */
  readonly counter: string;
  readonly hoursPerCount: number;
  readonly report: ReportOptions;
}

/** Why a reading of the figure was not learned from. */
export type LeftOut = "late" | "far ahead" | "uncertain" | "bad";

/** Something about the readings that the user should know. */
export interface Doubt {
  readonly cause: "far ahead" | "pause" | "clock set back" | "uncertain";
  readonly text: string;
}

export interface LifeStep extends LifeReadings {
  readonly leftOut?: LeftOut;
}

const NOTHING: LifeStep = { lives: [], phases: [] };
/** Uncertain readings in a row from which on they are no exception any more. */
const LASTING = 10;
/** Readings learned from after which a doubt has gone. */
const SETTLED = 10;

/** The remaining life of one device from the readings of its figure of wear. */
export class DeviceLife implements Snapshotable {
  readonly #age: Age;
  readonly #clock = new DeviceClock();
  readonly #units = new SteadyUnits();
  readonly report: LifeReport;
  /** Why nothing can be estimated, as told by the estimator. */
  problem: string | undefined;
  #doubt: Doubt | undefined;
  #settling = 0;
  #uncertain = 0;

  constructor(
    private readonly estimator: LifeEstimator,
    private readonly options: DeviceLifeOptions,
  ) {
    this.#age = new Age(options.ageBy, options.hoursPerCount);
    this.report = new LifeReport(options.report);
  }

  /** What is odd about the latest readings. */
  get doubt(): Doubt | undefined {
    return this.#doubt;
  }

  /**
   * Takes a reading of the device; those of other sensors change nothing. Bad and uncertain ones are not learned from: of a
   * health index that lacks a sensor no recovery is to be learned. Nor are those that are late or dated far ahead.
   * @throws RangeError when it is no number, its unit is another than before, or it comes before the counter that gives its age
   */
  push(reading: Reading): LifeStep {
    const { sensor, ageBy, counter } = this.options;
    if (ageBy === "counter" && reading.sensor === counter && isUsable(reading)) {
      this.#units.check(reading);
      this.#age.count(reading.value);
    }
    if (reading.sensor !== sensor) return NOTHING;
    return this.#follow(reading);
  }

  #follow(reading: Reading): LifeStep {
    if (reading.quality === "bad") return this.#leave("bad", reading);
    if (!isUsable(reading)) {
      const { deviceId, sensor, value } = reading;
      throw new RangeError(`${deviceId}/${sensor}: expected a number of at most 1e150, got ${describe(value)}`);
    }
    this.#units.check(reading);
    const tick = this.#clock.tick(reading.timestamp);
    if (tick === "leap") return this.#leaveFarAhead(reading);
    if (tick === "late") return this.#leave("late", reading);
    if (tick === "restarted") this.#restart(reading);
    if (tick === "resumed") this.#resume(reading);
    if (reading.quality === "uncertain") return this.#leaveUncertain(reading);
    this.#uncertain = 0;
    this.#settle();
    return this.#learn(reading, reading.value);
  }

  #learn(reading: Reading, value: number): LifeReadings {
    const hours = this.#age.at(reading.timestamp);
    if (hours === undefined) {
      throw new RangeError(`no reading of the counter ${reading.deviceId}/${this.options.counter} yet`);
    }
    this.estimator.push(value, hours);
    if (!this.report.wants(reading.timestamp)) return NOTHING;
    const verdict = this.estimator.verdict();
    this.problem = verdict.problem;
    return this.report.take(verdict, reading);
  }

  #leave(leftOut: LeftOut, { timestamp }: Reading): LifeStep {
    this.#age.skip(timestamp);
    return { ...NOTHING, leftOut };
  }

  #leaveFarAhead(reading: Reading): LifeStep {
    const { timestamp } = reading;
    this.#age.leap(timestamp);
    this.#raise(
      "far ahead",
      `a reading is dated ${timeText(timestamp)}, far ahead: left out unless the next one agrees`,
    );
    return this.#leave("far ahead", reading);
  }

  #leaveUncertain(reading: Reading): LifeStep {
    this.#uncertain += 1;
    if (this.#uncertain >= LASTING) {
      this.#raise("uncertain", `${this.options.sensor} has been uncertain for long: not learned from`);
    }
    return this.#leave("uncertain", reading);
  }

  /** The leap was no mistake, then. */
  #resume({ timestamp }: Reading): void {
    this.#doubt = undefined;
    if (!this.#age.resume(timestamp)) return;
    this.#raise("pause", `it goes on at ${timeText(timestamp)} after a long pause: its age goes on from where it was`);
  }

  #restart({ timestamp }: Reading): void {
    this.#age.restart(timestamp);
    this.#raise("clock set back", `its clock went back to ${timeText(timestamp)}: its age goes on from where it was`);
  }

  #raise(cause: Doubt["cause"], text: string): void {
    this.#doubt = { cause, text };
    this.#settling = SETTLED;
  }

  #settle(): void {
    if (this.#settling > 0) this.#settling -= 1;
    else this.#doubt = undefined;
  }

  snapshot(): unknown {
    return {
      age: this.#age.snapshot(),
      clock: this.#clock.snapshot(),
      units: this.#units.snapshot(),
      estimator: this.estimator.snapshot(),
      report: this.report.snapshot(),
    };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#age.restore(saved.any("age"));
    // States of before there were clocks and units go on with the next reading's.
    this.#clock.restore(saved.any("clock") ?? {});
    this.#units.restore(saved.any("units") ?? []);
    this.estimator.restore(saved.any("estimator"));
    this.report.restore(saved.any("report"));
  }
}
