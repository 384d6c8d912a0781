import { bitField, exchange, numberOption, spiDriver, u16be } from "./core";

const INPUTS = [0, 1, 2, 3, 4, 5, 6, 7];

/** Sections are those of Microchip's MCP3004/3008 datasheet, DS21295D. */
export const mcp3008 = spiDriver({
  name: "MCP3008",
  maker: "Microchip",
  measures: "8 analog inputs, 10 bit",
  datasheet: "Microchip MCP3004/3008, DS21295D",
  mode: 0, // 6.1
  speedHz: 1_350_000, // electrical characteristics: at most 1.35 MHz at 2.7 V
  options: {
    reference: numberOption("Reference voltage", { unit: "V", default: 3.3, min: 0.25, max: 5.5 }),
  },
  // Figure 6-1: a start bit, single-ended and the input in three bits, then ten bits come back.
  read: INPUTS.map((input) => exchange(0x01, 0x80 | (input << 4), 0x00)),
  channels: ({ reference }) =>
    INPUTS.map((input) => ({
      sensor: `input${input}`,
      unit: "V",
      raw: bitField(u16be(3 * input + 1), 9, 0),
      value: (raw) => (raw * reference) / 1024, // 4.2
    })),
});
