import type { BusClock, Grip, SpiBus } from "../../bus";
import type { DeviceSettings } from "./contract";
import type { PolledDefinition, Step } from "./definition";
import type { OptionSpecs } from "./options";
import { type PolledDriver, polledDriver } from "./polled";

/** A part at its chip select, as the steps of a driver see it. Every method rejects with BusError. */
export interface SpiDevice {
  readonly clock: BusClock;
  /** Sends bytes in one selection and returns those that came in at the same time. */
  transfer(bytes: Iterable<number>): Promise<Uint8Array>;
  /** Others may use the bus meanwhile when it takes longer than 5 ms. */
  wait(ms: number): Promise<void>;
}

export interface SpiDefinition<O extends OptionSpecs, C, S> extends PolledDefinition<SpiDevice, O, C, S> {
  readonly mode: 0 | 1 | 2 | 3;
  /** Not faster than the part allows. */
  readonly speedHz: number;
}

export type SpiDriver<O extends OptionSpecs, C, S> = PolledDriver<"spi", SpiDevice, O, C, S>;

/** A driver of an SPI part from its definition. */
export function spiDriver<const O extends OptionSpecs = Record<never, never>, C = undefined, S = undefined>(
  definition: SpiDefinition<O, C, S>,
): SpiDriver<O, C, S> {
  const { mode, speedHz, name } = definition;
  const wiring = {
    kind: "spi" as const,
    addresses: [],
    device: (grip: Grip<SpiBus>, { chipSelect = 0 }) => spiDevice(grip, { mode, speedHz, chipSelect }),
    place: ({ chipSelect = 0 }: DeviceSettings) => chipSelect,
    check({ chipSelect = 0 }: { chipSelect?: number }) {
      if (Number.isInteger(chipSelect) && chipSelect >= 0) return;
      throw new RangeError(`${name}: expected a chip select from 0, got ${chipSelect}`);
    },
  };
  return polledDriver(wiring, definition);
}

export function spiDevice(grip: Grip<SpiBus>, options: Parameters<SpiBus["transfer"]>[1]): SpiDevice {
  return {
    clock: grip.clock,
    transfer: (bytes) => grip.use((bus) => bus.transfer(Uint8Array.from(bytes), options)),
    wait: (ms) => grip.wait(ms),
  };
}

/** Sends these bytes; as many that come in at the same time join the frame. */
export const exchange =
  (...bytes: readonly number[]): Step<SpiDevice, unknown> =>
  (device) =>
    device.transfer(bytes);

/** Sends these bytes and drops what comes in. */
export const send =
  (...bytes: readonly number[]): Step<SpiDevice, unknown> =>
  async (device) => {
    await device.transfer(bytes);
    return undefined;
  };

/** Sends these bytes first and keeps only the `length` bytes that come in behind them. */
export const receive =
  (first: readonly number[], length: number): Step<SpiDevice, unknown> =>
  async (device) => {
    const all = await device.transfer([...first, ...new Array<number>(length).fill(0)]);
    return all.subarray(first.length);
  };
