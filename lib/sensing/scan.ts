import { BusError, type SharedBus } from "../bus";
import type { DriverEntry } from "../drivers";
import type { Found } from "./listing";
import { placeText } from "./place";

/** I2C keeps the addresses below and above for itself (UM10204, table 4). */
const FIRST_ADDRESS = 0x08;
const LAST_ADDRESS = 0x77;

/**
 * Asks every address of a bus whether somebody is there. Nothing is written to the parts, so which part it is follows only
 * from where it is.
 * @throws RangeError for a kind of bus on which nobody can be asked, BusError when the bus does not work
 */
export async function scanBus(bus: SharedBus, entries: readonly DriverEntry[]): Promise<Found[]> {
  switch (bus.kind) {
    case "i2c":
      return scanI2c(bus as unknown as SharedBus<"i2c">, entries);
    case "oneWire":
      return scanOneWire(bus as unknown as SharedBus<"oneWire">, entries);
    case "spi":
      throw new RangeError(
        "parts on SPI do not say that they are there: choose the chip select that the part is wired to",
      );
    case "serial":
      throw new RangeError("a serial line does not say what is at its end: choose the part");
    case "gpio":
      throw new RangeError("GPIO lines do not say what they are wired to: choose the line");
  }
}

async function scanI2c(bus: SharedBus<"i2c">, entries: readonly DriverEntry[]): Promise<Found[]> {
  const found: Found[] = [];
  for (let address = FIRST_ADDRESS; address <= LAST_ADDRESS; address++) {
    // One address at a time, so that those who read meanwhile have their turn.
    if (await answers(bus, address)) {
      const isThere = ({ driver }: DriverEntry) => driver.bus === "i2c" && driver.addresses.includes(address);
      found.push({ place: placeText("i2c", { address }), drivers: named(entries.filter(isThere)) });
    }
  }
  return found;
}

async function answers(bus: SharedBus<"i2c">, address: number): Promise<boolean> {
  try {
    await bus.hold((grip) => grip.use((i2c) => i2c.transfer(address, new Uint8Array(0), 0)));
    return true;
  } catch (error) {
    if (!(error instanceof BusError) || error.concernsBus || error.code === "module-missing") throw error;
    // A driver of the kernel has it: somebody is there.
    return error.code === "busy";
  }
}

async function scanOneWire(bus: SharedBus<"oneWire">, entries: readonly DriverEntry[]): Promise<Found[]> {
  const roms = await bus.hold((grip) => grip.use((line) => line.search(), 5000));
  return roms.map((rom) => ({
    place: rom,
    drivers: named(entries.filter(({ driver }) => "family" in driver && rom.startsWith(`${driver.family}-`))),
  }));
}

/** Parts with few addresses first: one that can be anywhere says little. */
function named(entries: readonly DriverEntry[]) {
  return [...entries]
    .sort((a, b) => a.driver.addresses.length - b.driver.addresses.length)
    .map(({ id, driver: { name } }) => ({ id, name }));
}
