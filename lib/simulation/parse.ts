import { checkDeviceId, checkMetadata, checkSensor, describe, ReadingError } from "../reading";
import type { Curve, DeviceSpec, EventSpec, Scenario, SensorSpec } from "./scenario";

/** What is wrong with a scenario, and where. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** Checks a parsed scenario file. @throws ScenarioError naming the field */
export function parseScenario(input: unknown): Scenario {
  try {
    const scenario = new Fields(input, "");
    const devices = scenario.list("devices").map((device, index) => parseDevice(device, `devices[${index}]`));
    const repeated = devices.find(({ id }, index) => devices.findIndex((other) => other.id === id) !== index);
    if (repeated) throw new ReadingError(`the id "${repeated.id}" is there twice`, "devices");
    return {
      name: scenario.text("name"),
      description: scenario.optionalText("description"),
      seed: scenario.number("seed", { preset: 1 }),
      devices,
    };
  } catch (error) {
    throw error instanceof ReadingError ? new ScenarioError(error.message) : error;
  }
}

function parseDevice(input: unknown, path: string): DeviceSpec {
  const device = new Fields(input, path);
  const sensors = device.list("sensors").map((sensor, index) => parseSensor(sensor, `${path}.sensors[${index}]`));
  if (sensors.length === 0) throw new ReadingError("expected at least one sensor", `${path}.sensors`);
  const types = new Set(sensors.map(({ type }) => type));
  const events = device
    .optionalList("events")
    .map((event, index) => parseEvent(event, types, `${path}.events[${index}]`));
  return {
    id: checkDeviceId(device.get("id"), `${path}.id`),
    interval: device.number("interval", { above: 0 }),
    sensors,
    events,
    metadata: checkMetadata(device.get("metadata"), `${path}.metadata`),
  };
}

function parseSensor(input: unknown, path: string): SensorSpec {
  const sensor = new Fields(input, path);
  const wander = sensor.get("wander") === undefined ? undefined : new Fields(sensor.get("wander"), `${path}.wander`);
  return {
    type: checkSensor(sensor.get("type"), `${path}.type`),
    unit: sensor.text("unit"),
    curve: parseCurve(sensor.get("curve"), `${path}.curve`),
    noise: sensor.number("noise", { preset: 0, least: 0 }),
    wander: wander && { amount: wander.number("amount"), period: wander.number("period", { above: 0 }) },
    min: sensor.number("min", { preset: Number.NEGATIVE_INFINITY }),
    max: sensor.number("max", { preset: Number.POSITIVE_INFINITY }),
    decimals: sensor.number("decimals", { preset: 2, least: 0, most: 10 }),
    boolean: sensor.flag("boolean"),
  };
}

function parseCurve(input: unknown, path: string): Curve {
  const curve = new Fields(input, path);
  const period = () => curve.number("period", { above: 0 });
  const phase = () => curve.number("phase", { preset: 0 });
  const kind = curve.text("kind");
  switch (kind) {
    case "constant":
      return { kind, value: curve.number("value") };
    case "sine":
      return {
        kind,
        mean: curve.number("mean"),
        amplitude: curve.number("amplitude"),
        period: period(),
        phase: phase(),
      };
    case "daylight":
      return { kind, peak: curve.number("peak"), period: period(), phase: phase() };
    case "sawtooth":
      return { kind, from: curve.number("from"), to: curve.number("to"), period: period(), phase: phase() };
    case "square": {
      const duty = curve.number("duty", { preset: 0.5, least: 0, most: 1 });
      return { kind, low: curve.number("low"), high: curve.number("high"), period: period(), duty, phase: phase() };
    }
    default:
      throw new ReadingError(`expected constant, sine, daylight, sawtooth or square, got "${kind}"`, `${path}.kind`);
  }
}

function parseEvent(input: unknown, sensors: ReadonlySet<string>, path: string): EventSpec {
  const event = new Fields(input, path);
  const duration = event.number("duration", { above: 0 });
  const every = event.get("every") === undefined ? undefined : event.number("every", { least: duration });
  const occurring = { at: event.number("at", { least: 0 }), duration, every };
  const kind = event.text("kind");
  if (kind === "dropout") return { kind, ...occurring };
  const sensor = event.text("sensor");
  if (!sensors.has(sensor)) throw new ReadingError(`the device has no sensor "${sensor}"`, `${path}.sensor`);
  switch (kind) {
    case "spike":
    case "step":
    case "drift":
      return { kind, sensor, amount: event.number("amount"), ...occurring };
    case "excursion":
      return {
        kind,
        sensor,
        value: event.number("value"),
        ramp: event.number("ramp", { preset: 0, least: 0 }),
        ...occurring,
      };
    case "stuck":
      return { kind, sensor, ...occurring };
    default:
      throw new ReadingError(`expected spike, step, drift, excursion, stuck or dropout, got "${kind}"`, `${path}.kind`);
  }
}

interface Bounds {
  readonly preset?: number;
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
}

/** Reads the fields of an object, each with its check. */
class Fields {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(
    input: unknown,
    private readonly path: string,
  ) {
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      throw new ReadingError(`expected an object, got ${describe(input)}`, path);
    }
    this.#fields = new Map(Object.entries(input));
  }

  get(name: string): unknown {
    return this.#fields.get(name);
  }

  text(name: string): string {
    const value = this.get(name);
    if (typeof value === "string" && value !== "") return value;
    throw new ReadingError(`expected text, got ${describe(value)}`, this.#at(name));
  }

  optionalText(name: string): string | undefined {
    return this.get(name) === undefined ? undefined : this.text(name);
  }

  flag(name: string): boolean {
    const value = this.get(name) ?? false;
    if (typeof value === "boolean") return value;
    throw new ReadingError(`expected true or false, got ${describe(value)}`, this.#at(name));
  }

  list(name: string): readonly unknown[] {
    const value = this.get(name);
    if (Array.isArray(value)) return value;
    throw new ReadingError(`expected a list, got ${describe(value)}`, this.#at(name));
  }

  optionalList(name: string): readonly unknown[] {
    return this.get(name) === undefined ? [] : this.list(name);
  }

  number(name: string, { preset, least, above, most }: Bounds = {}): number {
    const value = this.get(name) ?? preset;
    if (value === preset && preset !== undefined) return preset;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new ReadingError(`expected a number, got ${describe(value)}`, this.#at(name));
    }
    if (least !== undefined && value < least)
      throw new ReadingError(`expected at least ${least}, got ${value}`, this.#at(name));
    if (above !== undefined && value <= above)
      throw new ReadingError(`expected more than ${above}, got ${value}`, this.#at(name));
    if (most !== undefined && value > most)
      throw new ReadingError(`expected at most ${most}, got ${value}`, this.#at(name));
    return value;
  }

  #at(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
