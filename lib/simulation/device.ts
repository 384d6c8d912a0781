import { gaussian, hashText, uniform, wander } from "./random";
import type { Curve, DeviceSpec, EventSpec, Scenario, SensorEvent, SensorSpec } from "./scenario";

/** A message as a device publishes it: the native telemetry format. */
export interface TelemetryMessage {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly sensors: readonly { readonly type: string; readonly value: number | boolean; readonly unit: string }[];
}

/** One occurrence of a planted event, in seconds since the start. */
export interface PlantedEvent {
  readonly deviceId: string;
  readonly sensor?: string;
  readonly kind: EventSpec["kind"];
  readonly from: number;
  readonly to: number;
}

/**
 * A simulated device. What it measures is a function of the scenario, its seed and the time alone: every moment can be
 * computed without the ones before it, and two runs are the same.
 */
export class SimulatedDevice {
  readonly #seeds: ReadonlyMap<string, number>;
  readonly #dropouts: readonly EventSpec[];
  /** Devices do not all speak at the same moment: a fixed share of the interval by which this one is late. */
  readonly #delay: number;

  constructor(
    readonly spec: DeviceSpec,
    seed: number,
  ) {
    this.#seeds = new Map(spec.sensors.map(({ type }) => [type, hashText(`${seed}/${spec.id}/${type}`)]));
    this.#dropouts = spec.events.filter(({ kind }) => kind === "dropout");
    this.#delay = uniform(hashText(`${seed}/${spec.id}`), 0) * spec.interval;
  }

  /** When the message of this number is due, in seconds since the start. */
  dueAt(index: number): number {
    return this.#delay + index * this.spec.interval;
  }

  /** False while a dropout holds the device off the network. */
  isOnline(seconds: number): boolean {
    return !this.#dropouts.some((event) => elapsed(event, seconds) !== undefined);
  }

  /**
   * The measurement of this number as a message. `seq` counts the messages that were sent, which are fewer when the
   * device was off the network; `timestamp` is when it is published.
   */
  message(index: number, seq: number, timestamp: number): TelemetryMessage {
    const seconds = this.dueAt(index);
    const sensors = this.spec.sensors.map((sensor) => ({
      type: sensor.type,
      value: this.valueAt(sensor, seconds),
      unit: sensor.unit,
    }));
    const { metadata } = this.spec;
    return metadata ? { seq, timestamp, metadata, sensors } : { seq, timestamp, sensors };
  }

  /** What the sensor shows at a moment, noise and events included. */
  valueAt(sensor: SensorSpec, seconds: number): number | boolean {
    const events = this.spec.events.filter(
      (event): event is SensorEvent => event.kind !== "dropout" && event.sensor === sensor.type,
    );
    const stuck = events.find((event) => event.kind === "stuck" && elapsed(event, seconds) !== undefined);
    const moment = stuck ? seconds - elapsed(stuck, seconds)! : seconds;
    const value = this.#measured(sensor, moment, events);
    return sensor.boolean ? value >= 0.5 : shown(value, sensor);
  }

  #measured(sensor: SensorSpec, seconds: number, events: readonly SensorEvent[]): number {
    const seed = this.#seeds.get(sensor.type)!;
    let value = curveAt(sensor.curve, seconds);
    if (sensor.wander) value += sensor.wander.amount * wander(seed, seconds / sensor.wander.period);
    for (const event of events) value = withEvent(value, event, seconds);
    const noise = sensor.noise
      ? sensor.noise * gaussian(seed ^ 0x5bd1e995, Math.round(seconds / this.spec.interval))
      : 0;
    return value + noise;
  }
}

export function devicesOf(scenario: Scenario): SimulatedDevice[] {
  return scenario.devices.map((device) => new SimulatedDevice(device, scenario.seed));
}

/** Every occurrence that begins before `until` seconds, in order of time: what a flow that sees it all should report. */
export function plantedEvents(scenario: Scenario, until: number): PlantedEvent[] {
  return scenario.devices
    .flatMap((device) => device.events.flatMap((event) => occurrences(device.id, event, until)))
    .sort((a, b) => a.from - b.from);
}

function occurrences(deviceId: string, event: EventSpec, until: number): PlantedEvent[] {
  const planted: PlantedEvent[] = [];
  for (let from = event.at; from < until; from += event.every ?? Number.POSITIVE_INFINITY) {
    const sensor = event.kind === "dropout" ? {} : { sensor: event.sensor };
    planted.push({ deviceId, ...sensor, kind: event.kind, from, to: from + event.duration });
  }
  return planted;
}

/** Seconds since the current occurrence began, or undefined when there is none. */
function elapsed(event: EventSpec, seconds: number): number | undefined {
  const since = seconds - event.at;
  if (since < 0) return undefined;
  const within = event.every === undefined ? since : since % event.every;
  return within < event.duration ? within : undefined;
}

function withEvent(value: number, event: SensorEvent, seconds: number): number {
  const since = elapsed(event, seconds);
  if (since === undefined) return value;
  switch (event.kind) {
    case "spike":
    case "step":
      return value + event.amount;
    case "drift":
      return value + event.amount * (since / event.duration);
    case "excursion": {
      const share = event.ramp === 0 ? 1 : Math.min(1, since / event.ramp, (event.duration - since) / event.ramp);
      return value + (event.value - value) * share;
    }
    case "stuck":
      return value;
  }
}

function curveAt(curve: Curve, seconds: number): number {
  if (curve.kind === "constant") return curve.value;
  const turns = seconds / curve.period + (curve.phase ?? 0);
  const turn = turns - Math.floor(turns);
  switch (curve.kind) {
    case "sine":
      return curve.mean + curve.amplitude * Math.sin(2 * Math.PI * turn);
    case "daylight":
      return curve.peak * Math.max(0, Math.sin(2 * Math.PI * turn));
    case "sawtooth":
      return curve.from + (curve.to - curve.from) * turn;
    case "square":
      return turn < curve.duty ? curve.high : curve.low;
  }
}

function shown(value: number, { min, max, decimals = 2 }: SensorSpec): number {
  const clamped = Math.min(max ?? Number.POSITIVE_INFINITY, Math.max(min ?? Number.NEGATIVE_INFINITY, value));
  // Adding 0 keeps a rounded small negative number from being minus zero.
  return Number(clamped.toFixed(decimals)) + 0;
}
