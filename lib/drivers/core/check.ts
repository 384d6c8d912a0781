import { VirtualClock } from "../../bus";
import { type ModelDefinition, SimulatedBus } from "../../bus/simulated";
import type { ActuatorDriver } from "./actuator";
import type { SensorDriver } from "./contract";
import { optionValues } from "./options";
import type { Driver, DriverEntry } from "./registry";
import { defaultPlace } from "./simulation";
import { BadData, type ChannelInfo, type ChannelReading } from "./values";

/** UCUM codes that channels may have; a new one is added here on purpose, so that a misspelt one is noticed. */
const UNITS = new Set(
  "1 % Cel K Pa hPa lx V mV A mA W Ohm m mm m/s m/s2 km/h deg deg/s uT g Hz s ms /min /dL [ppm] [ppb] [pH] ug/m3 mg/kg mS/cm uS/cm dB bit".split(
    " ",
  ),
);
const NAME = /^[a-z][a-zA-Z0-9]*(\.[a-zA-Z0-9]+)*$/;

/** What is wrong with a driver, as sentences; empty when nothing is. Holds for every driver, whatever it measures. */
export async function driverProblems(entry: DriverEntry): Promise<string[]> {
  const { id, file, driver, model } = entry;
  const problems = [...describedBadly(driver), ...addressProblems(driver), ...optionProblems(driver)];
  if (!id.startsWith(file.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))) {
    problems.push(`its export ${id} does not begin with the name of its file, ${file}`);
  }
  if (driver.role === "actuator") return [...problems, ...outputProblems(driver)];
  problems.push(...channelProblems(driver), ...decodeProblems(driver));
  if (!model) return [...problems, `${file}.model exports no ${id}Model`];
  return [...problems, ...(await simulationProblems(entry, driver, model))];
}

function describedBadly({ name, maker, datasheet, ...driver }: Driver): string[] {
  const what = driver.role === "sensor" ? driver.measures : driver.drives;
  const texts = Object.entries({ name, maker, datasheet, "measures or drives": what });
  return texts.flatMap(([field, text]) => (text ? [] : [`it has no ${field}`]));
}

function addressProblems({ bus, addresses }: Driver): string[] {
  const [low, high] = bus === "i2c" ? [0x08, 0x77] : [1, 247];
  const wrong = addresses.filter((address) => !Number.isInteger(address) || address < low || address > high);
  const problems = wrong.map((address) => `address ${address} is not from ${low} to ${high}`);
  if (bus === "i2c" && addresses.length === 0) problems.push("it has no address");
  return problems;
}

function optionProblems(driver: Driver): string[] {
  try {
    optionValues(driver.options);
    return [];
  } catch (error) {
    return [`its default options are not valid: ${String(error)}`];
  }
}

function channelProblems(driver: SensorDriver): string[] {
  const channels = driver.channels();
  const names = channels.map(({ sensor }) => sensor);
  return [
    ...(channels.length === 0 ? ["it has no channels"] : []),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `channel ${name} is there twice`),
    ...channels.flatMap(oneChannelProblems),
  ];
}

function oneChannelProblems({ sensor, unit, range }: ChannelInfo): string[] {
  const problems: string[] = [];
  if (!NAME.test(sensor)) problems.push(`channel name ${sensor} is not like temperature or acceleration.x`);
  if (!UNITS.has(unit)) problems.push(`channel ${sensor}: unit ${unit} is not among the known UCUM codes`);
  if (range && !(range[0] < range[1])) problems.push(`channel ${sensor}: range ${range} is empty`);
  return problems;
}

/** Whatever bytes come in, decoding gives readings or BadData. Drivers with a calibration cannot do without theirs. */
function decodeProblems(driver: SensorDriver): string[] {
  if (!hasDecode(driver) || "calibration" in driver.definition) return [];
  const problems = new Set<string>();
  let seed = 1;
  for (let round = 0; round < 500; round++) {
    const frame = Uint8Array.from({ length: round % 70 }, () => {
      // Numerical Recipes' generator: any will do, as long as it is the same each time.
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return round % 5 === 0 ? 0xff * (round & 1) : seed >>> 24;
    });
    try {
      for (const reading of driver.decode(frame)) for (const one of readingProblems(reading, driver)) problems.add(one);
    } catch (error) {
      if (!(error instanceof BadData)) problems.add(`decoding ${frame.length} bytes threw ${String(error)}`);
    }
  }
  return [...problems].slice(0, 5);
}

type Decoding = SensorDriver & { decode(frame: Uint8Array): ChannelReading[]; readonly definition: object };

function hasDecode(driver: SensorDriver): driver is Decoding {
  return "decode" in driver && "definition" in driver;
}

function outputProblems(driver: ActuatorDriver): string[] {
  return driver.outputs().flatMap(({ actuator, type, unit, range, safe }) => {
    const problems: string[] = [];
    if (!NAME.test(actuator)) problems.push(`output name ${actuator} is not like relay or channel0`);
    if (!UNITS.has(unit)) problems.push(`output ${actuator}: unit ${unit} is not among the known UCUM codes`);
    if (typeof safe !== { number: "number", boolean: "boolean", text: "string" }[type]) {
      problems.push(`output ${actuator}: its safe value ${safe} is not a ${type}`);
    }
    if (typeof safe === "number" && range && (safe < range[0] || safe > range[1])) {
      problems.push(`output ${actuator}: its safe value ${safe} is out of range`);
    }
    return problems;
  });
}

/** Drives the model for an hour of its own time, twice gone and once damaged: readings are always what readings are. */
async function simulationProblems(entry: DriverEntry, driver: SensorDriver, model: ModelDefinition): Promise<string[]> {
  if (model.bus !== driver.bus) return [`its model is for ${model.bus}, the driver for ${driver.bus}`];
  const clock = new VirtualClock(Date.UTC(2026, 5, 1, 12));
  const bus = new SimulatedBus(driver.bus, clock);
  const place = defaultPlace(entry, {});
  const part = bus.plug(model, place);
  const session = driver.connect(bus.shared(), place);
  const problems = new Set<string>();
  const read = async (expectGood: boolean) => {
    try {
      const readings = await clock.run(session.read());
      for (const reading of readings) for (const problem of readingProblems(reading, driver)) problems.add(problem);
      const worst = readings.find(({ quality }) => quality === "bad");
      if (expectGood && worst) problems.add(`${worst.sensor} is bad although nothing is wrong: ${worst.reason}`);
    } catch (error) {
      const isTyped = error instanceof Error && ["BusError", "DriverError"].includes(error.name);
      if (expectGood || !isTyped) problems.add(`reading threw ${String(error)}`);
    }
  };
  for (let minute = 0; minute < 60; minute++) {
    if (minute === 20 || minute === 40) part.unplug();
    if (minute === 21 || minute === 41) part.plug();
    if (minute === 50 || minute === 51) part.corruptNext(minute === 50 ? 3 : 0);
    // On SPI nobody sees that a part is gone: it may take a read to notice that it has lost its settings.
    const isDisturbed = [20, 21, 40, 41, 50, 51].includes(minute);
    await read(minute > 10 && !isDisturbed);
    await clock.advance(60_000);
  }
  await clock.run(session.close());
  return [...problems, ...(await roundTripProblems(entry, driver, model))];
}

/** Where a channel and a quantity of the model have one name and unit, the driver reads what the model measures. */
async function roundTripProblems(entry: DriverEntry, driver: SensorDriver, model: ModelDefinition): Promise<string[]> {
  const clock = new VirtualClock(Date.UTC(2026, 5, 1, 9));
  const bus = new SimulatedBus(driver.bus, clock);
  const place = defaultPlace(entry, {});
  const { world } = bus.plug(model, place);
  const values = Object.fromEntries(Object.keys(model.quantities).map((name) => [name, world.value(name)]));
  bus.remove(place);
  bus.plug(model, { ...place, values });
  const session = driver.connect(bus.shared(), place);
  // Some parts need a measurement or two before they show it.
  for (let i = 0; i < 20; i++) {
    await clock.run(session.read()).catch(() => []);
    await clock.advance(10_000);
  }
  const readings = await clock.run(session.read());
  return readings.flatMap(({ sensor, unit, value }) => {
    const expected = values[sensor];
    if (expected === undefined || model.quantities[sensor]?.unit !== unit || typeof value !== "number") return [];
    const [low, high] = driver.channels().find((one) => one.sensor === sensor)?.range ?? [0, 1];
    const tolerance = 0.02 * Math.abs(expected) + 0.002 * (high - low);
    if (Math.abs(value - expected) <= tolerance) return [];
    return [`${sensor}: the model measures ${expected} ${unit}, the driver reads ${value}`];
  });
}

function readingProblems({ sensor, value, unit, quality, reason }: ChannelReading, driver: SensorDriver): string[] {
  const problems: string[] = [];
  const channel = driver.channels().find((one) => one.sensor === sensor);
  if (!channel) problems.push(`${sensor} is none of its channels`);
  else if (channel.unit !== unit) problems.push(`${sensor} has the unit ${unit}, its channel ${channel.unit}`);
  if (typeof value === "number" && !Number.isFinite(value)) problems.push(`${sensor} is ${value}`);
  if (value === null && quality !== "bad") problems.push(`${sensor} has no value and is not bad`);
  if (quality !== "good" && !reason) problems.push(`${sensor} is ${quality} without a reason`);
  return problems;
}
