import { access, constants } from "node:fs/promises";
import type { I2cBus } from "../contract";
import { BusError } from "../error";
import { systemError } from "./errno";
import { i2cTools } from "./i2c-tools";
import { optionalModule } from "./module";

/** What is used of the package i2c-bus (5.x). */
interface I2cBusPackage {
  openPromisified(number: number): Promise<I2cBusHandle>;
}

interface I2cBusHandle {
  i2cRead(address: number, length: number, buffer: Buffer): Promise<{ readonly bytesRead: number }>;
  i2cWrite(address: number, length: number, buffer: Buffer): Promise<{ readonly bytesWritten: number }>;
  readI2cBlock(
    address: number,
    command: number,
    length: number,
    buffer: Buffer,
  ): Promise<{ readonly bytesRead: number }>;
  receiveByte(address: number): Promise<number>;
  close(): Promise<void>;
}

/** The kernel's limit of one SMBus block. */
const LONGEST_BLOCK = 32;

export interface I2cSources {
  readonly load?: () => Promise<I2cBusPackage>;
  /** Where the device files are. */
  readonly folder?: string;
}

/**
 * /dev/i2c-`number` by the package i2c-bus, or where that is missing by the program i2ctransfer of i2c-tools, which needs no
 * compiler and is slower.
 * @throws BusError
 */
export async function openI2c(
  number: number,
  { load = loadPackage, folder = "/dev" }: I2cSources = {},
): Promise<I2cBus> {
  const file = {
    path: `${folder}/i2c-${number}`,
    enable: "enable I2C (raspi-config, Interface Options; or dtparam=i2c_arm=on in config.txt)",
    group: "i2c",
  };
  try {
    await access(file.path, constants.R_OK | constants.W_OK);
    const i2c = await load().catch(async (error: unknown) => (await i2cTools(number, file)) ?? Promise.reject(error));
    return "transfer" in i2c ? i2c : byPackage(await i2c.openPromisified(number), file);
  } catch (error) {
    throw systemError(error, file);
  }
}

const loadPackage = () =>
  optionalModule<I2cBusPackage>("i2c-bus", "sudo apt-get install i2c-tools, which needs no compiler");

function byPackage(handle: I2cBusHandle, file: Parameters<typeof systemError>[1]): I2cBus {
  return {
    async transfer(address, write, readLength) {
      try {
        return await transferred(handle, address, Buffer.from(write), readLength);
      } catch (error) {
        throw systemError(error, file);
      }
    },
    close: () => handle.close(),
  };
}

async function transferred(handle: I2cBusHandle, address: number, write: Buffer, length: number): Promise<Uint8Array> {
  if (write.length === 0 && length === 0) {
    await handle.receiveByte(address);
    return new Uint8Array(0);
  }
  const buffer = Buffer.alloc(length);
  // The package has a repeated start only for this form; some parts lose their register at a stop.
  if (write.length === 1 && length > 0 && length <= LONGEST_BLOCK) {
    const { bytesRead } = await handle.readI2cBlock(address, write[0]!, length, buffer);
    return complete(buffer, bytesRead);
  }
  if (write.length > 0) await handle.i2cWrite(address, write.length, write);
  if (length === 0) return new Uint8Array(0);
  const { bytesRead } = await handle.i2cRead(address, length, buffer);
  return complete(buffer, bytesRead);
}

function complete(buffer: Buffer, got: number): Uint8Array {
  if (got === buffer.length) return Uint8Array.from(buffer);
  throw new BusError("nack", `expected ${buffer.length} bytes, got ${got}`);
}
