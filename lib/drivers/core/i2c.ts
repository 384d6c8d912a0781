import { type BusClock, BusError, type Grip, type I2cBus } from "../../bus";
import { type DeviceSettings, DriverError } from "./contract";
import type { PolledDefinition, Step } from "./definition";
import type { OptionSpecs } from "./options";
import { type PolledDriver, polledDriver } from "./polled";

/** A part at its address, as the steps of a driver see it. Every method rejects with BusError. */
export interface I2cDevice {
  readonly address: number;
  readonly clock: BusClock;
  write(bytes: Iterable<number>): Promise<void>;
  read(length: number): Promise<Uint8Array>;
  /** Writes and, after a repeated start, reads. */
  transfer(bytes: Iterable<number>, readLength: number): Promise<Uint8Array>;
  /** Others may use the bus meanwhile when it takes longer than 5 ms. */
  wait(ms: number): Promise<void>;
}

export interface I2cDefinition<O extends OptionSpecs, C, S> extends PolledDefinition<I2cDevice, O, C, S> {
  /** 7-bit addresses that the part can have, the usual one first. */
  readonly addresses: readonly number[];
}

export type I2cDriver<O extends OptionSpecs, C, S> = PolledDriver<"i2c", I2cDevice, O, C, S>;

/** A driver of an I2C part from its definition. */
export function i2cDriver<const O extends OptionSpecs = Record<never, never>, C = undefined, S = undefined>(
  definition: I2cDefinition<O, C, S>,
): I2cDriver<O, C, S> {
  const { addresses, name } = definition;
  const wiring = {
    kind: "i2c" as const,
    addresses,
    device: (grip: Grip<I2cBus>, { address = addresses[0]! }) => i2cDevice(grip, address),
    place: ({ address = addresses[0]! }: DeviceSettings) => address,
    check({ address }: { address?: number }) {
      if (address === undefined || (Number.isInteger(address) && address >= 0x03 && address <= 0x77)) return;
      throw new RangeError(`${name}: expected an I2C address from 0x03 to 0x77, got ${address}`);
    },
  };
  return polledDriver(wiring, definition);
}

export function i2cDevice(grip: Grip<I2cBus>, address: number): I2cDevice {
  const transfer = (bytes: Iterable<number>, readLength: number) =>
    grip.use((bus) => bus.transfer(address, Uint8Array.from(bytes), readLength));
  return {
    address,
    clock: grip.clock,
    transfer,
    write: async (bytes) => {
      await transfer(bytes, 0);
    },
    read: (length) => transfer([], length),
    wait: (ms) => grip.wait(ms),
  };
}

type I2cStep = Step<I2cDevice, unknown>;

/** Sends a command of one byte, or of two (high byte first) when it is above 0xFF, and its arguments. */
export const command =
  (code: number, ...args: readonly number[]): I2cStep =>
  async (device) => {
    await device.write([...numberBytes(code), ...args]);
    return undefined;
  };

export const writeRegister =
  (register: number, ...bytes: readonly number[]): I2cStep =>
  async (device) => {
    await device.write([...numberBytes(register), ...bytes]);
    return undefined;
  };

/** Reads so many bytes from a register on, after a repeated start. */
export const readRegister =
  (register: number, length = 1): I2cStep =>
  (device) =>
    device.transfer(numberBytes(register), length);

/** Reads so many bytes without naming a register. */
export const bytes =
  (length: number): I2cStep =>
  (device) =>
    device.read(length);

/** Gives the part time. */
export const wait =
  ({ ms }: { readonly ms: number }): Step<{ wait(ms: number): Promise<void> }, unknown> =>
  async (device) => {
    await device.wait(ms);
    return undefined;
  };

/** Reads a register until the masked bits have the expected value. @throws BusError, code timeout */
export const waitUntil =
  (
    register: number,
    { mask, is, timeoutMs, everyMs = 2 }: { mask: number; is: number; timeoutMs: number; everyMs?: number },
  ): I2cStep =>
  async (device) => {
    const deadline = device.clock.now() + timeoutMs;
    for (;;) {
      const [value] = await device.transfer(numberBytes(register), 1);
      if ((value! & mask) === is) return undefined;
      if (device.clock.now() >= deadline) {
        throw new BusError(
          "timeout",
          `register ${hexText(register)} still reads ${hexText(value!)} after ${timeoutMs} ms`,
        );
      }
      await device.wait(everyMs);
    }
  };

/** Compares the id register with the values that the part can have. `others` names parts that answer otherwise. */
export const chipId =
  (register: number, expected: number | readonly number[], others: Readonly<Record<number, string>> = {}): I2cStep =>
  async (device) => {
    const [id] = await device.transfer(numberBytes(register), 1);
    const known = typeof expected === "number" ? [expected] : expected;
    if (known.includes(id!)) return undefined;
    const other = others[id!] ? `, which is ${others[id!]}` : "";
    throw new DriverError(
      `another part answers at ${hexText(device.address)}: expected id ${known.map(hexText).join(" or ")} in register ` +
        `${hexText(register)}, got ${hexText(id!)}${other}`,
    );
  };

function numberBytes(number: number): number[] {
  return number > 0xff ? [number >> 8, number & 0xff] : [number];
}

const hexText = (number: number) => `0x${number.toString(16).toUpperCase().padStart(2, "0")}`;
