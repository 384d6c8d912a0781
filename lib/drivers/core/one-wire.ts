import { type BusClock, BusError, type Grip, type OneWireBus } from "../../bus";
import type { DeviceSettings } from "./contract";
import type { PolledDefinition } from "./definition";
import type { OptionSpecs } from "./options";
import { type PolledDriver, polledDriver } from "./polled";

/** A part by its ROM id, as the steps of a driver see it. Every method rejects with BusError. */
export interface OneWireDevice {
  readonly clock: BusClock;
  /** Lets the part measure; others may use the bus meanwhile. */
  convert(ms: number): Promise<void>;
  /** All nine bytes, CRC included and not yet checked. */
  readScratchpad(): Promise<Uint8Array>;
  writeScratchpad(bytes: Iterable<number>): Promise<void>;
  wait(ms: number): Promise<void>;
}

export interface OneWireDefinition<O extends OptionSpecs, C, S> extends PolledDefinition<OneWireDevice, O, C, S> {
  /** Family code, the first byte of the ROM, as two hexadecimal digits: "28". */
  readonly family: string;
}

export type OneWireDriver<O extends OptionSpecs, C, S> = PolledDriver<"oneWire", OneWireDevice, O, C, S> & {
  readonly family: string;
};

/** A driver of a 1-Wire part from its definition. */
export function oneWireDriver<const O extends OptionSpecs = Record<never, never>, C = undefined, S = undefined>(
  definition: OneWireDefinition<O, C, S>,
): OneWireDriver<O, C, S> {
  const { family, name } = definition;
  const wiring = {
    kind: "oneWire" as const,
    addresses: [],
    device: (grip: Grip<OneWireBus>, { rom }: { rom?: string }) => oneWireDevice(grip, family, rom),
    place: ({ rom = "" }: DeviceSettings) => rom,
    check({ rom }: { rom?: string }) {
      if (rom === undefined || (/^[0-9a-f]{2}-[0-9a-f]{12}$/.test(rom) && rom.startsWith(`${family}-`))) return;
      throw new RangeError(`${name}: expected a ROM id like ${family}-0123456789ab, got "${rom}"`);
    },
  };
  return { ...polledDriver(wiring, definition), family };
}

function oneWireDevice(grip: Grip<OneWireBus>, family: string, rom: string | undefined): OneWireDevice {
  const id = async () => rom ?? (await theOnlyOne(grip, family));
  return {
    clock: grip.clock,
    convert: async (ms) => {
      const device = await id();
      await grip.use((bus) => bus.convert(device, ms), ms + 2000);
    },
    readScratchpad: async () => {
      const device = await id();
      // Linux measures while the scratchpad is read when it could not before: up to 750 ms.
      return grip.use((bus) => bus.readScratchpad(device), 3000);
    },
    writeScratchpad: async (bytes) => {
      const device = await id();
      await grip.use((bus) => bus.writeScratchpad(device, Uint8Array.from(bytes)));
    },
    wait: (ms) => grip.wait(ms),
  };
}

async function theOnlyOne(grip: Grip<OneWireBus>, family: string): Promise<string> {
  const found = await grip.use((bus) => bus.search(family), 5000);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new BusError("nack", `no device of family ${family} on the bus`);
  throw new BusError("nack", `${found.length} devices of family ${family} on the bus: name one of ${found.join(", ")}`);
}
