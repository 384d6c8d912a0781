import { BusError } from "../../bus";
import { DriverError } from "./contract";
import type { Step } from "./definition";
import type { I2cDevice } from "./i2c";

/** Registers of 16 bit on I2C, high byte first. */
export async function readWord(device: I2cDevice, register: number): Promise<number> {
  const [high, low] = await device.transfer([register], 2);
  return (high! << 8) | low!;
}

export async function writeWord(device: I2cDevice, register: number, value: number): Promise<void> {
  await device.write([register, (value >> 8) & 0xff, value & 0xff]);
}

/** Reads a register until one of the masked bits is set. @throws BusError, code timeout */
export async function untilSet(device: I2cDevice, register: number, mask: number, timeoutMs: number): Promise<void> {
  const deadline = device.clock.now() + timeoutMs;
  while (((await readWord(device, register)) & mask) === 0) {
    if (device.clock.now() >= deadline) throw new BusError("timeout", `no result after ${timeoutMs} ms`);
    await device.wait(2);
  }
}

/** Compares an id register. @throws DriverError */
export const wordId =
  (register: number, expected: number): Step<I2cDevice, unknown> =>
  async (device) => {
    const id = await readWord(device, register);
    if (id === expected) return undefined;
    throw new DriverError(
      `another part answers at ${hexText(device.address)}: expected id ${hexText(expected)} in register ` +
        `${hexText(register)}, got ${hexText(id)}`,
    );
  };

const hexText = (number: number) => `0x${number.toString(16).toUpperCase().padStart(2, "0")}`;
