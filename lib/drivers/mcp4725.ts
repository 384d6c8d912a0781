import { BusError } from "../bus";
import { choiceOption, type I2cDevice, i2cActuator, numberOption } from "./core";

const CODES = 4096;
const WRITE_BOTH = 0x60;
const READY = 0x80;
/** Electrical characteristics: writing the EEPROM takes 50 ms at most. */
const EEPROM_MS = 50;

/** Sections are those of Microchip's MCP4725 datasheet, DS22039D. */
export const mcp4725 = i2cActuator({
  name: "MCP4725",
  maker: "Microchip",
  drives: "12-bit voltage output",
  datasheet: "Microchip MCP4725, DS22039D",
  addresses: [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67], // 6.0: 1100 and three address bits
  options: {
    supply: numberOption("Supply voltage", { unit: "V", default: 3.3, min: 2.7, max: 5.5 }),
    powerUp: choiceOption(
      "After power-up",
      { keep: "What the part is set to; half the supply as it comes from the factory", zero: "0 V" },
      { hint: "0 V is written once to the part's memory, and the output is 0 V meanwhile" },
    ),
  },
  init: async (device, { options }) => {
    if (options.powerUp === "zero") await startAtZero(device);
    return undefined;
  },
  outputs: ({ supply }) => [{ actuator: "voltage", type: "number", unit: "V", range: [0, supply], safe: 0 }],
  set: async (device, _output, value, { options }) => {
    // Table 6-1, input data coding: the highest code is one step below the supply.
    const code = Math.min(CODES - 1, Math.round(((value as number) / options.supply) * CODES));
    // Figure 6-1: fast mode, not powered down.
    await device.write([code >> 8, code & 0xff]);
    // Figure 6-2, note 1: what is written while the EEPROM is, is ignored.
    const [settings, high, low] = await device.read(3);
    if (((high! << 4) | (low! >> 4)) === code && (settings! & 0x06) === 0) return;
    throw new BusError("crc", "the part has not taken the value: it reads back another one");
  },
});

/** Figures 6-2 and 6-3: makes 0 V what the output has after power-up, unless it is. */
async function startAtZero(device: I2cDevice): Promise<void> {
  const memory = (await device.read(5)).subarray(3);
  if (((memory[0]! & 0x6f) | memory[1]!) === 0) return;
  await device.write([WRITE_BOTH, 0, 0]);
  await device.wait(EEPROM_MS);
  const [settings] = await device.read(1);
  if (!(settings! & READY)) throw new BusError("timeout", `the EEPROM is not written after ${EEPROM_MS} ms`);
}
