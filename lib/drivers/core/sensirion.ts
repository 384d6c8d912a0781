import { BusError } from "../../bus";
import { sensirionCrc } from "./crc";
import type { I2cDevice } from "./i2c";

/** What Sensirion's parts have in common: commands of two bytes, and words of 16 bit with a checksum behind each. */

/** Sends a command, and words with their checksums. @throws BusError */
export async function tell(device: I2cDevice, code: number, ...words: readonly number[]): Promise<void> {
  await device.write([code >> 8, code & 0xff, ...words.flatMap(checkedWord)]);
}

/** Sends a command and returns the bytes of so many words, checksums included, `ms` later. @throws BusError */
export async function ask(device: I2cDevice, code: number, words: number, ms: number): Promise<Uint8Array> {
  await tell(device, code);
  await device.wait(ms);
  return device.read(3 * words);
}

/** The word that answers a command. @throws BusError, code crc when it is damaged */
export async function askWord(device: I2cDevice, code: number, ms: number): Promise<number> {
  const [high, low, crc] = await ask(device, code, 1, ms);
  if (crc !== sensirionCrc([high!, low!])) {
    throw new BusError("crc", `the answer to command 0x${code.toString(16).toUpperCase()} came damaged`);
  }
  return (high! << 8) | low!;
}

/** High byte, low byte, checksum. */
function checkedWord(word: number): number[] {
  const two = [word >> 8, word & 0xff];
  return [...two, sensirionCrc(two)];
}
