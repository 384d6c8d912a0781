import type { SharedBus } from "../bus";
import type { SimulatedBus } from "../bus/simulated";
import type { ActuatorSession, DeviceSettings, SensorSession } from "./core";
import { type DriverEntry, DriverFolder } from "./core/registry";
import { defaultPlace, ensurePart, plugPart, type SimulatedPartSpec } from "./core/simulation";

export * from "./core";
export type { Driver, DriverEntry } from "./core/registry";
export type { SimulatedPartSpec } from "./core/simulation";

const folder = new DriverFolder(__dirname);

/** Every driver of the pack, by id; loads them all. */
export const allDrivers = (): Promise<readonly DriverEntry[]> => folder.all();

/** One driver; loads only its file. @throws RangeError when there is none of this id */
export const findDriver = (id: string): Promise<DriverEntry> => folder.find(id);

/** A bus, and the simulation behind it when it is none of wire. */
export interface OpenBus {
  readonly bus: SharedBus;
  readonly simulation?: SimulatedBus;
}

/**
 * A sensor on a bus. On a simulated one its part is plugged in by itself where there is none.
 * @throws RangeError for a driver that does not exist, is no sensor or belongs on another bus, and for settings that are not valid
 */
export async function openSensor(
  id: string,
  { bus, simulation }: OpenBus,
  settings: DeviceSettings = {},
): Promise<SensorSession> {
  const entry = await findDriver(id);
  const { driver } = entry;
  if (driver.role !== "sensor") throw new RangeError(`${id} is an actuator, not a sensor`);
  const place = await placeOn(bus, simulation, entry, settings);
  return driver.connect(bus, place);
}

/** An actuator on a bus. @throws RangeError as openSensor */
export async function openActuator(
  id: string,
  { bus, simulation }: OpenBus,
  settings: DeviceSettings = {},
): Promise<ActuatorSession> {
  const entry = await findDriver(id);
  const { driver } = entry;
  if (driver.role !== "actuator") throw new RangeError(`${id} is a sensor, not an actuator`);
  const place = await placeOn(bus, simulation, entry, settings);
  return driver.connect(bus, place);
}

/** Puts the parts on a simulated bus that its user wrote down. @throws as plugPart, naming the part */
export async function plugParts(bus: SimulatedBus, specs: readonly SimulatedPartSpec[]): Promise<void> {
  for (const [index, { driver, ...spec }] of specs.entries()) {
    try {
      await plugPart(bus, await findDriver(driver), spec);
    } catch (error) {
      throw new RangeError(`part ${index + 1} (${driver}): ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}

async function placeOn(
  bus: SharedBus,
  simulation: SimulatedBus | undefined,
  entry: DriverEntry,
  settings: DeviceSettings,
): Promise<DeviceSettings> {
  const { id, driver } = entry;
  if (bus.kind !== driver.bus) throw new RangeError(`${id} belongs on a bus of kind ${driver.bus}, not ${bus.kind}`);
  if (!simulation || !entry.model) return settings;
  await ensurePart(simulation, entry, settings);
  return defaultPlace(entry, settings);
}
