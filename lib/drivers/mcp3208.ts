import { BadData, bitField, exchange, type Field, numberOption, spiDriver, u16be } from "./core";

const INPUTS = [0, 1, 2, 3, 4, 5, 6, 7];

/** Sections are those of Microchip's MCP3204/3208 datasheet, DS21298E. */
export const mcp3208 = spiDriver({
  name: "MCP3208",
  maker: "Microchip",
  measures: "8 analog inputs, 12 bit",
  datasheet: "Microchip MCP3204/3208, DS21298E",
  mode: 0, // 6.1
  speedHz: 1_000_000, // electrical characteristics: at most 1 MHz at 2.7 V
  options: {
    reference: numberOption("Reference voltage", { unit: "V", default: 3.3, min: 0.25, max: 5.5 }),
  },
  // Figure 6-1: a start bit, single-ended and the input in three bits, then a null bit and twelve bits come back.
  read: INPUTS.map((input) => exchange(0x06 | (input >> 2), (input & 3) << 6, 0x00)),
  channels: ({ reference }) =>
    INPUTS.map((input) => ({
      sensor: `input${input}`,
      unit: "V",
      raw: code(input),
      value: (raw) => (raw * reference) / 4096, // 4.2
    })),
});

/** The bit in front of the result is 0 (5.0); a line that nobody drives reads as ones. */
function code(input: number): Field {
  const word = u16be(3 * input + 1);
  const nullBit = bitField(word, 12, 12);
  const result = bitField(word, 11, 0);
  return (frame) => {
    if (nullBit(frame) !== 0) throw new BadData("nobody answers: the null bit is not 0");
    return result(frame);
  };
}
