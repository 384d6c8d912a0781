import { BusError } from "../../bus";

/**
 * Compares registers with what was written to them at set-up. A part that has been without power for a moment answers all
 * the same, with values that look like measurements; the session then sets it up anew at the next read.
 * @throws BusError, code nack
 */
export function expectSettings(found: Uint8Array, expected: readonly number[]): void {
  if (expected.every((byte, index) => found[index] === byte)) return;
  throw new BusError("nack", "the part is not as it was set up: it has lost its power, or does not answer");
}
