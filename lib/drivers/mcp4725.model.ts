import { i2cModel } from "../bus/simulated";

/** Half of the supply, as parts come from the factory. */
const FACTORY = 0x800;
const EEPROM_MS = 25;

export interface Mcp4725Registers {
  /** Power-down bits and code. */
  readonly dac: { power: number; code: number };
  readonly eeprom: { power: number; code: number };
}

/** The part's memory outlives its power. */
const memories = new WeakMap<object, { power: number; code: number }>();

export const mcp4725Model = i2cModel({
  quantities: {},
  create: (world) => {
    const eeprom = memories.get(world) ?? { power: 0, code: FACTORY };
    memories.set(world, eeprom);
    const dac = { ...eeprom };
    let busyUntil = Number.NEGATIVE_INFINITY;
    const isBusy = () => world.clock.now() < busyUntil;
    const part: Mcp4725Registers = { dac, eeprom };
    return {
      ...part,
      write(bytes) {
        if (isBusy()) return;
        const [first = 0, second = 0, third = 0] = bytes;
        // Figure 6-1: two bytes, repeated.
        if (first >> 6 === 0) {
          const [high = first, low = second] = bytes.subarray(bytes.length - 2);
          if (bytes.length >= 2) Object.assign(dac, { power: (high >> 4) & 3, code: ((high & 0x0f) << 8) | low });
          return;
        }
        // Figure 6-2: three bytes.
        if (bytes.length < 3 || first >> 6 !== 1) return;
        Object.assign(dac, { power: (first >> 1) & 3, code: (second << 4) | (third >> 4) });
        if (!(first & 0x20)) return;
        Object.assign(eeprom, dac);
        busyUntil = world.clock.now() + EEPROM_MS;
      },
      // Figure 6-3.
      read: (length) => {
        const bytes = [
          (isBusy() ? 0 : 0x80) | 0x40 | (dac.power << 1),
          dac.code >> 4,
          (dac.code & 0x0f) << 4,
          (eeprom.power << 5) | (eeprom.code >> 8),
          eeprom.code & 0xff,
        ];
        return Uint8Array.from({ length }, (_, index) => bytes[index % bytes.length]!);
      },
    };
  },
});
