import { type Curve, type EventSpec, type SensorSpec, SimulatedDevice } from "../../simulation";
import type { BusClock } from "../clock";
import type { Quantities, World } from "./contract";

/** The noise of a quantity is a new one every so many seconds. */
const NOISE_STEP_S = 0.01;

/** Something that goes wrong, or just happens, at planned times in seconds since the start. */
export type Disturbance =
  /** Of a quantity: spike, step, drift, excursion, stuck. Of the part: dropout, which takes its power away. */
  | EventSpec
  /** The part does not acknowledge, or bits of what it says are turned over on the way. */
  | { readonly kind: "nack" | "corrupt"; readonly at: number; readonly duration: number; readonly every?: number };

/** Values that were recorded, by quantity; times in seconds since the start, ascending. */
export interface Recording {
  readonly seconds: Float64Array;
  readonly values: Readonly<Record<string, Float64Array>>;
}

export interface WorldOptions {
  /** Two worlds of one seed and start are the same. */
  readonly seed: string;
  readonly clock: BusClock;
  /** What is to be measured otherwise than the model says: a constant, or a course of its own. */
  readonly values?: Readonly<Record<string, number | Partial<Quantities[string]>>>;
  /** Takes the place of the quantities it has; begins again at its end. */
  readonly recording?: Recording;
  readonly disturbances?: readonly Disturbance[];
}

/** A world from what a model measures by default and what the user wants instead. */
export class SimulatedWorld implements World {
  readonly clock: BusClock;
  readonly #start: number;
  readonly #device: SimulatedDevice;
  readonly #sensors: ReadonlyMap<string, SensorSpec>;
  readonly #recording: Recording | undefined;
  readonly #disturbances: readonly Disturbance[];

  /** @throws RangeError for a value that the model does not have */
  constructor(quantities: Quantities, { seed, clock, values = {}, recording, disturbances = [] }: WorldOptions) {
    const unknown = Object.keys(values).find((name) => !Object.hasOwn(quantities, name));
    if (unknown !== undefined) {
      throw new RangeError(`the part does not measure "${unknown}"; it measures ${Object.keys(quantities).join(", ")}`);
    }
    this.clock = clock;
    this.#start = clock.now();
    this.#recording = recording;
    this.#disturbances = disturbances;
    const sensors = Object.entries(quantities).map(([type, quantity]) => {
      const given = values[type];
      if (typeof given !== "number") return this.#sensor(type, { ...quantity, ...given });
      return this.#sensor(type, { unit: quantity.unit, curve: constant(given) });
    });
    this.#sensors = new Map(sensors.map((sensor) => [sensor.type, sensor]));
    const events = disturbances.filter((one): one is EventSpec => one.kind !== "nack" && one.kind !== "corrupt");
    this.#device = new SimulatedDevice({ id: seed, interval: NOISE_STEP_S, sensors, events }, 1);
  }

  value(quantity: string, at = this.clock.now()): number {
    const seconds = (at - this.#start) / 1000;
    const recorded = this.#recording?.values[quantity];
    if (recorded) return recordedValue(this.#recording!.seconds, recorded, seconds);
    const sensor = this.#sensors.get(quantity);
    if (!sensor) throw new RangeError(`the part does not measure "${quantity}"`);
    return this.#device.valueAt(sensor, seconds) as number;
  }

  /** True while a disturbance of the kind lasts. */
  suffers(kind: Disturbance["kind"]): boolean {
    const seconds = (this.clock.now() - this.#start) / 1000;
    return this.#disturbances.some((one) => one.kind === kind && lasts(one, seconds));
  }

  /** Courses that repeat follow the clock, in UTC: a daily one has its noon at noon. */
  #sensor(type: string, quantity: Omit<SensorSpec, "type">): SensorSpec {
    return { ...quantity, type, decimals: 9, curve: shifted(quantity.curve, this.#start / 1000) };
  }
}

function shifted(curve: Curve, seconds: number): Curve {
  if (curve.kind === "constant") return curve;
  return { ...curve, phase: ((curve.phase ?? 0) + (seconds % curve.period) / curve.period) % 1 };
}

function lasts({ at, duration, every }: Disturbance, seconds: number): boolean {
  const since = seconds - at;
  return since >= 0 && (every === undefined ? since : since % every) < duration;
}

/** The value recorded last before a moment of the repeating recording. */
function recordedValue(times: Float64Array, values: Float64Array, seconds: number): number {
  // The last value lasts as long as the one before it.
  const span = 2 * times.at(-1)! - (times.at(-2) ?? times.at(-1)!) - times[0]! || 1;
  const moment = times[0]! + (((seconds % span) + span) % span);
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle]! <= moment) low = middle;
    else high = middle - 1;
  }
  return values[low]!;
}

/** Around `mean`, warmest at 15:00 UTC. */
export const daily = (mean: number, amplitude: number): Curve => ({
  kind: "sine",
  mean,
  amplitude,
  period: 86_400,
  phase: -9 / 24,
});

/** From nothing at 6:00 to `peak` at noon to nothing at 18:00 UTC. */
export const daylight = (peak: number): Curve => ({ kind: "daylight", peak, period: 86_400, phase: -0.25 });

export const constant = (value: number): Curve => ({ kind: "constant", value });
