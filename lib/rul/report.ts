import { numberWithin, positiveNumber } from "../numeric/limits";
import { SavedState, type Snapshotable } from "../numeric/state";
import type { Prediction, Reading } from "../reading/reading";
import type { LifePhase, RemainingLife } from "./estimate";

export interface ReportOptions {
  /** Named in the prediction. */
  readonly model: string;
  /** Maintenance is recommended below this many hours. */
  readonly dueBelow: number;
  /** The recommendation ends when the remaining life is this many percent above. */
  readonly hysteresis: number;
  /** Which figure is held against `dueBelow`: the expected life, or the careful end of its interval. */
  readonly dueBy: "expected" | "low";
  /** Shortest time between two reports of a device, ms; 0 for every reading. */
  readonly every: number;
}

export const REPORT_DEFAULTS: Omit<ReportOptions, "model"> = {
  dueBelow: 48,
  hysteresis: 25,
  dueBy: "expected",
  every: 0,
};

export interface LifeReadings {
  /** `rul` and `maintenance_recommended`. */
  readonly lives: Reading[];
  /** `rul.phase`, when it has changed. */
  readonly phases: Reading[];
}

const PHASES: readonly LifePhase[] = ["learning", "healthy", "degrading", "predicted"];

/** @throws RangeError naming the option */
export function checkedReport(options: Partial<ReportOptions> & Pick<ReportOptions, "model">): ReportOptions {
  const complete = { ...REPORT_DEFAULTS, ...options };
  positiveNumber("dueBelow", complete.dueBelow);
  numberWithin("hysteresis", complete.hysteresis, 0, 1000);
  numberWithin("every", complete.every, 0, Number.MAX_VALUE);
  return complete;
}

/** What is reported: of a model without that output there is no `low`. */
export interface LifeClaim {
  readonly phase: LifePhase;
  readonly life?: Omit<RemainingLife, "low"> & Partial<Pick<RemainingLife, "low">>;
}

/** What a verdict was made of; results are as good as that. */
export type LifeSource = Pick<Reading, "deviceId" | "timestamp" | "historical"> & Partial<Pick<Reading, "quality">>;

/** Turns the verdicts on one device into readings. A remaining life is reported only where one is claimed. */
export class LifeReport implements Snapshotable {
  #phase: LifePhase = "learning";
  #isDue = false;
  /** Time of the last report. */
  #reported = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ReportOptions) {}

  get phase(): LifePhase {
    return this.#phase;
  }

  get isDue(): boolean {
    return this.#isDue;
  }

  /** True when it is time for a verdict, which costs more than taking a value in. Time that has stepped back counts too. */
  wants(timestamp: number): boolean {
    return Math.abs(timestamp - this.#reported) >= this.options.every;
  }

  take(verdict: LifeClaim, of: LifeSource): LifeReadings {
    this.#reported = of.timestamp;
    const wasDue = this.#isDue;
    this.#isDue = this.#dueAfter(verdict);
    const phases = verdict.phase === this.#phase ? [] : [phaseReading(verdict.phase, of)];
    this.#phase = verdict.phase;
    const prediction = verdict.life && predictionOf(verdict.life, this.options.model);
    const lives: Reading[] = [];
    if (prediction) lives.push({ ...base(of), sensor: "rul", value: prediction.value, unit: "h", prediction });
    if (prediction || wasDue !== this.#isDue) {
      const due = { ...base(of), sensor: "maintenance_recommended", value: this.#isDue, unit: "1" };
      // The hours are in the metadata too, where messages of alerts find them.
      lives.push(prediction ? { ...due, metadata: { hours: String(prediction.value) }, prediction } : due);
    }
    return { lives, phases };
  }

  /** That nothing is due any more, of a device that will be forgotten; undefined when nothing was. Dated as the last report. */
  withdrawal(deviceId: string): Reading | undefined {
    if (!this.#isDue) return undefined;
    const of = { deviceId, timestamp: this.#reported };
    return { ...base(of), sensor: "maintenance_recommended", value: false, unit: "1" };
  }

  #dueAfter({ phase, life }: LifeClaim): boolean {
    // While it is uncertain whether it degrades, a recommendation once made stands; a healthy device needs none.
    if (!life) return this.#isDue && phase !== "healthy";
    const { dueBelow, hysteresis, dueBy } = this.options;
    const hours = dueBy === "low" ? (life.low ?? life.hours) : life.hours;
    return hours < dueBelow || (this.#isDue && hours < dueBelow * (1 + hysteresis / 100));
  }

  snapshot(): unknown {
    const reported = Number.isFinite(this.#reported) ? this.#reported : undefined;
    return { phase: this.#phase, isDue: this.#isDue, reported };
  }

  restore(state: unknown): void {
    const saved = new SavedState(state);
    this.#phase = PHASES.find((phase) => phase === saved.any("phase")) ?? "learning";
    this.#isDue = saved.any("isDue") === true;
    this.#reported = saved.optionalNumber("reported") ?? Number.NEGATIVE_INFINITY;
  }
}

function base(of: LifeSource): Pick<Reading, "deviceId" | "timestamp" | "quality"> {
  const { deviceId, timestamp, quality = "good", historical } = of;
  return { deviceId, timestamp, quality, ...(historical && { historical }) };
}

function phaseReading(phase: LifePhase, of: LifeSource): Reading {
  return { ...base(of), sensor: "rul.phase", value: phase, unit: "1" };
}

function predictionOf(
  { hours, low, high }: NonNullable<LifeClaim["life"]>,
  model: string,
): Prediction & { value: number } {
  const ends = { ...(low !== undefined && { low: rounded(low) }), ...(high !== undefined && { high: rounded(high) }) };
  return { model, value: rounded(hours), ...ends, unit: "h" };
}

/** More digits than four would claim what no estimate knows. */
function rounded(hours: number): number {
  return Number(hours.toPrecision(4));
}
