import { choiceOption, flagOption, type I2cDevice, i2cActuator, numberOption } from "./core";
import { GLYPH_WIDTH, glyph } from "./core/font";
import { blankLines, changedLines, differences, textOutputs } from "./core/text-screen";

const COMMANDS = 0x00;
const DATA = 0x40;
const PAGE_HEIGHT = 8;
/** 10.1.18 (COM pins) and 10.1.16 (clock) as the panels of these sizes are wired. */
const PANELS = {
  "128x64": { width: 128, height: 64, comPins: 0x12, clock: 0x80 },
  "128x32": { width: 128, height: 32, comPins: 0x02, clock: 0x80 },
  "96x16": { width: 96, height: 16, comPins: 0x02, clock: 0x60 },
} as const;
type Panel = (typeof PANELS)[keyof typeof PANELS];

interface Screen {
  /** What the part's memory holds: a byte is eight pixels below one another, a page a row of them (8.7). */
  shown: Uint8Array;
  lines: readonly string[][];
}

/** Lines of text, 21 characters each on 128 pixels. Sections are those of Solomon Systech's SSD1306 datasheet, rev 1.1. */
export const ssd1306 = i2cActuator({
  name: "SSD1306",
  maker: "Solomon Systech",
  drives: "OLED display for text, 128 x 64 pixels",
  datasheet: "Solomon Systech SSD1306, rev 1.1",
  addresses: [0x3c, 0x3d], // 8.1.5
  options: {
    size: choiceOption("Size", {
      "128x64": "128 x 64: 8 lines",
      "128x32": "128 x 32: 4 lines",
      "96x16": "96 x 16: 2 lines",
    }),
    contrast: numberOption("Contrast", { unit: "%", default: 81, min: 0, max: 100 }),
    turned: flagOption("Upside down", { default: false }),
  },
  state: (): Screen => ({ shown: new Uint8Array(0), lines: [] }),
  init: async (device, { options, state }) => {
    const panel = PANELS[options.size];
    const { width, height } = panel;
    await device.write([COMMANDS, ...setUp(panel, Math.round(options.contrast * 2.55), options.turned)]);
    state.shown = new Uint8Array((width * height) / PAGE_HEIGHT);
    state.lines = blankLines(Math.floor(width / GLYPH_WIDTH), height / PAGE_HEIGHT);
    for (let page = 0; page < height / PAGE_HEIGHT; page++) {
      await writePage(device, page, 0, state.shown.subarray(0, width));
    }
    await device.write([COMMANDS, 0xaf]); // 10.1.12: on, now that there is nothing left from before
    return undefined;
  },
  outputs: ({ size }) => textOutputs(PANELS[size].height / PAGE_HEIGHT),
  set: async (device, { index }, value, { options, state }) => {
    const { width } = PANELS[options.size];
    const lines = changedLines(state.lines, index, value as string);
    for (const [page, line] of lines.entries()) {
      const after = pageOf(line, width);
      const before = state.shown.subarray(page * width, (page + 1) * width);
      // Addressing costs as much as some ten columns.
      for (const [from, to] of differences(before, after, 10)) {
        await writePage(device, page, from, after.subarray(from, to));
      }
      before.set(after);
    }
    state.lines = lines;
  },
});

/** The start-up sequence of section 3.1 of the application note, with the charge pump on and horizontal addressing. */
function setUp({ height, comPins, clock }: Panel, contrast: number, turned: boolean): number[] {
  return [
    0xae, // 10.1.12: off
    ...[0xd5, clock],
    ...[0xa8, height - 1], // 10.1.11: rows
    ...[0xd3, 0x00], // 10.1.15: no offset
    0x40, // 10.1.6: from line 0
    ...[0x8d, 0x14], // application note 3: charge pump
    ...[0x20, 0x00], // 10.1.3: horizontal addressing
    turned ? 0xa0 : 0xa1, // 10.1.8: columns
    turned ? 0xc0 : 0xc8, // 10.1.14: rows
    ...[0xda, comPins],
    ...[0x81, contrast], // 10.1.7
    ...[0xd9, 0xf1], // 10.1.17: pre-charge, as the charge pump wants it
    ...[0xdb, 0x40], // 10.1.19
    0x2e, // 10.2: no scrolling
    0xa4, // 10.1.9: what the memory holds
    0xa6, // 10.1.10: lit is 1
  ];
}

/** 10.1.4 and 10.1.5: a window of one page, and its columns (8.1.5.2: the control byte says what follows). */
async function writePage(device: I2cDevice, page: number, column: number, bytes: Uint8Array): Promise<void> {
  await device.write([COMMANDS, 0x21, column, column + bytes.length - 1, 0x22, page, page]);
  await device.write([DATA, ...bytes]);
}

function pageOf(line: readonly string[], width: number): Uint8Array {
  const page = new Uint8Array(width);
  for (const [column, character] of line.entries()) page.set(glyph(character), column * GLYPH_WIDTH);
  return page;
}
