import type { Disturbance, PlugOptions, Quantity, SimulatedBus, SimulatedPart } from "../../bus/simulated";
import { readRecording } from "../../bus/simulated";
import { bytesOf } from "../../files";
import { parseScenario } from "../../simulation";
import type { DeviceSettings } from "./contract";
import type { DriverEntry } from "./registry";

/** A part on a simulated bus, as its user writes it down. */
export interface SimulatedPartSpec extends DeviceSettings {
  /** Id of the driver whose part it is. */
  readonly driver: string;
  /** What it measures otherwise than by default: a number, or curve, noise and so on. */
  readonly values?: Readonly<Record<string, number | Partial<Quantity>>>;
  /** A CSV file that is played instead, and its column for each quantity. */
  readonly recording?: { readonly file: string; readonly columns: Readonly<Record<string, string>> };
  /** What goes wrong and when, in seconds since the start: see Disturbance. */
  readonly events?: readonly unknown[];
}

/** Where a part is when nobody says: the driver's usual address, the first chip select, a ROM id of its family. */
export function defaultPlace({ driver }: DriverEntry, settings: DeviceSettings): DeviceSettings {
  const address = settings.address ?? driver.addresses[0];
  if (driver.bus === "oneWire") return { rom: romOf(driver), ...withoutUndefined(settings) };
  return { ...withoutUndefined(settings), ...(address === undefined ? {} : { address }) };
}

/**
 * Puts a part on a simulated bus.
 * @throws RangeError for a driver without a model or of another bus, a place that is taken, and values that it does not have
 * @throws ScenarioError for curves and events that are none, CsvError for a recording that is none
 */
export async function plugPart(
  bus: SimulatedBus,
  entry: DriverEntry,
  spec: Omit<SimulatedPartSpec, "driver"> = {},
): Promise<SimulatedPart> {
  const { id, driver, model } = entry;
  if (!model) throw new RangeError(`there is no model of ${id} to simulate it by`);
  if (driver.bus !== bus.kind) throw new RangeError(`${id} belongs on a bus of kind ${driver.bus}, not ${bus.kind}`);
  const { values, recording, events = [], ...settings } = spec;
  const place = defaultPlace(entry, settings);
  const options: PlugOptions = {
    ...place,
    seed: `${id}/${place.address ?? place.rom ?? place.chipSelect ?? 0}`,
    disturbances: checkedEvents(id, { ...model.quantities }, values ?? {}, events),
    ...(values ? { values } : {}),
    ...(recording ? { recording: await readRecording(bytesOf(recording.file), recording.columns) } : {}),
  };
  return bus.plug(model, options);
}

/** The part at the driver's place on a simulated bus, plugged in when there is none: a bus that has every part one asks for. */
export async function ensurePart(
  bus: SimulatedBus,
  entry: DriverEntry,
  settings: DeviceSettings,
): Promise<SimulatedPart> {
  return bus.partAt(defaultPlace(entry, settings)) ?? plugPart(bus, entry, settings);
}

/** Curves and events are those of simulated devices, and checked as theirs; refusing and damage are the bus's own. */
function checkedEvents(
  id: string,
  quantities: Readonly<Record<string, Quantity>>,
  values: NonNullable<SimulatedPartSpec["values"]>,
  events: readonly unknown[],
): Disturbance[] {
  const isOnTheBus = (event: unknown): event is { kind: "nack" | "corrupt" } =>
    typeof event === "object" &&
    event !== null &&
    "kind" in event &&
    (event.kind === "nack" || event.kind === "corrupt");
  const sensors = Object.entries(quantities).map(([type, quantity]) => {
    const given = values[type];
    return {
      ...quantity,
      ...(typeof given === "number" ? { curve: { kind: "constant", value: given } } : given),
      type,
    };
  });
  if (sensors.length === 0) sensors.push({ type: "nothing", unit: "1", curve: { kind: "constant", value: 0 } });
  // A dropout has the same times as what happens on the bus.
  const timed = events.map((event) => (isOnTheBus(event) ? { ...event, kind: "dropout" } : event));
  const device = { id, interval: 1, sensors, events: timed };
  const [checked] = parseScenario({ name: id, devices: [device] }).devices;
  return checked!.events.map((event, index) => {
    const given = events[index];
    return isOnTheBus(given) ? { ...event, kind: given.kind } : event;
  }) as Disturbance[];
}

const romOf = (driver: object): string => `${"family" in driver ? driver.family : "28"}-000000000001`;

function withoutUndefined(settings: DeviceSettings): DeviceSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
