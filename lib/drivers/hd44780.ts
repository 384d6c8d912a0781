import { choiceOption, type I2cDevice, i2cActuator } from "./core";
import { blankLines, changedLines, differences, textOutputs } from "./core/text-screen";

/** How the usual boards connect the PCF8574's outputs: P0 to RS, P1 to R/W, P2 to E, P3 to the light, P4 to P7 to DB4 to DB7. */
const DATA = 0x01;
const ENABLE = 0x04;
const LIGHT = 0x08;

const SIZES = {
  "16x2": { columns: 16, rows: 2 },
  "20x4": { columns: 20, rows: 4 },
  "16x4": { columns: 16, rows: 4 },
  "20x2": { columns: 20, rows: 2 },
  "40x2": { columns: 40, rows: 2 },
} as const;
/** Table 4 (character code, ROM A00): what is not where ASCII has it. */
const ROM_A00: Readonly<Record<string, number>> = {
  ...{
    "°": 0xdf,
    µ: 0xe4,
    "\u03bc": 0xe4,
    ä: 0xe1,
    ö: 0xef,
    ü: 0xf5,
    ß: 0xe2,
    Ω: 0xf4,
    "\u2126": 0xf4,
    "→": 0x7e,
    "←": 0x7f,
  },
  ...{ Ä: 0xe1, Ö: 0xef, Ü: 0xf5, "¥": 0x5c, "\\": 0x2f, "~": 0x2d },
};

interface Screen {
  light: boolean;
  /** The characters that the part has, by lines. */
  shown: readonly string[][];
}

/** Lines of text. Figures and tables are those of Hitachi's HD44780U datasheet, ADE-207-272(Z) rev 0.0. */
export const hd44780 = i2cActuator({
  name: "HD44780",
  maker: "Hitachi",
  drives: "LCD for text, 16 x 2 or 20 x 4, by a PCF8574 on I2C",
  datasheet: "Hitachi HD44780U, ADE-207-272(Z) rev 0.0; NXP PCF8574, rev 5",
  // PCF8574 table 4: 0x20 on; the A version: 0x38 on. Boards come with all address pins high.
  addresses: [0x27, 0x3f, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, 0x20, 0x3e, 0x3d, 0x3c, 0x3b, 0x3a, 0x39, 0x38],
  options: {
    size: choiceOption("Size", {
      "16x2": "16 x 2",
      "20x4": "20 x 4",
      "16x4": "16 x 4",
      "20x2": "20 x 2",
      "40x2": "40 x 2",
    }),
  },
  state: (): Screen => ({ light: true, shown: [] }),
  init: async (device, { options, state }) => {
    const { columns, rows } = SIZES[options.size];
    await setUp(device);
    state.shown = blankLines(columns, rows);
    return undefined;
  },
  outputs: ({ size }) => [
    ...textOutputs(SIZES[size].rows),
    { actuator: "light", type: "boolean", unit: "1", safe: true },
  ],
  set: async (device, { actuator, index }, value, { options, state }) => {
    if (actuator === "light") {
      state.light = value as boolean;
      return device.write([state.light ? LIGHT : 0]);
    }
    const { columns } = SIZES[options.size];
    const lines = changedLines(state.shown, index, value as string);
    for (const [row, line] of lines.entries()) {
      // An address costs as much as a character.
      for (const [from, to] of differences(state.shown[row]!, line, 2)) {
        await device.write(instruction(0x80 | addressOf(row, from, columns), state.light));
        await device.write(line.slice(from, to).flatMap((one) => characterBytes(one, state.light)));
      }
    }
    state.shown = lines;
  },
});

/** Figure 24: to 4 bit, whatever state the part is in; then two lines, cleared, on. Times are the datasheet's and some. */
async function setUp(device: I2cDevice): Promise<void> {
  await device.wait(50); // more than 40 ms after the supply has reached 2.7 V
  for (const ms of [5, 1, 1]) {
    await device.write(nibble(0x30, LIGHT));
    await device.wait(ms); // more than 4.1 ms, then more than 100 us
  }
  await device.write(nibble(0x20, LIGHT));
  await device.wait(1);
  for (const [code, ms] of [
    [0x28, 0], // 4 bit, 2 lines, 5 x 8
    [0x08, 0], // off
    [0x01, 5], // clear: 1.52 ms at 270 kHz (table 6), and clones are slower
    [0x06, 0], // to the right, without shifting
    [0x0c, 0], // on, without cursor
  ] as const) {
    await device.write(instruction(code, true));
    if (ms > 0) await device.wait(ms);
  }
}

/** Figure 4; on modules of four lines the third and fourth go on where the first and second end. */
const addressOf = (row: number, column: number, columns: number): number =>
  (row % 2 === 0 ? 0x00 : 0x40) + (row > 1 ? columns : 0) + column;

const instruction = (code: number, light: boolean): number[] => byteBytes(code, light ? LIGHT : 0);

function characterBytes(character: string, light: boolean): number[] {
  const ascii = /^[ -~]$/.test(character) ? character.charCodeAt(0) : 0x3f;
  const code = Object.hasOwn(ROM_A00, character) ? ROM_A00[character]! : ascii;
  return byteBytes(code, DATA | (light ? LIGHT : 0));
}

const byteBytes = (byte: number, control: number): number[] => [
  ...nibble(byte & 0xf0, control),
  ...nibble((byte << 4) & 0xf0, control),
];

/**
 * Figure 25: RS and data are there before E goes up, and are taken when it goes down. A byte takes 90 us at 100 kHz, which is
 * all that the PCF8574 can: longer than an instruction's 37 us.
 */
const nibble = (data: number, control: number): number[] => [data | control, data | control | ENABLE, data | control];
