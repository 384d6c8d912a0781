import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { I2cBus } from "../contract";
import { type DeviceFile, systemError } from "./errno";

const run = promisify(execFile);
const TIMEOUT_MS = 1500;

/** The bus by i2ctransfer (i2c-tools 4), one process a transfer; undefined when it is not installed. */
export async function i2cTools(number: number, file: DeviceFile): Promise<I2cBus | undefined> {
  const isInstalled = await run("i2ctransfer", ["-V"], { timeout: TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
  if (!isInstalled) return undefined;
  return {
    async transfer(address, write, readLength) {
      const to = `@0x${address.toString(16).padStart(2, "0")}`;
      const parts: string[] = [];
      if (write.length > 0) parts.push(`w${write.length}${to}`, ...[...write].map(String));
      // To see whether somebody answers, a byte is read: not every part stands an empty write.
      if (readLength > 0 || write.length === 0) parts.push(`r${Math.max(1, readLength)}${parts.length ? "" : to}`);
      try {
        const { stdout } = await run("i2ctransfer", ["-y", String(number), ...parts], { timeout: TIMEOUT_MS });
        const bytes = stdout.split(/\s+/).filter(Boolean).map(Number);
        return Uint8Array.from(bytes.slice(0, readLength));
      } catch (error) {
        throw systemError(error, file);
      }
    },
    async close() {},
  };
}
