import { i2cModel, Nack } from "../bus/simulated";

const WIDTH = 128;
const PAGES = 8;
/** Bytes of argument by command; others have none (table 9, and the charge pump's in the application note). */
const ARGUMENTS: Readonly<Record<number, number>> = {
  ...{ 32: 1, 33: 2, 34: 2, 129: 1, 141: 1, 168: 1, 211: 1, 213: 1, 217: 1, 218: 1, 219: 1 },
};

export interface Ssd1306Panel {
  readonly memory: Uint8Array;
  readonly isLit: () => boolean;
  /** Argument of a command that was given last. */
  readonly setting: (command: number) => readonly number[] | undefined;
}

/** The memory behind the panel, in horizontal addressing mode (10.1.3). */
export const ssd1306Model = i2cModel({
  quantities: {},
  create: () => {
    // Undefined after power-up.
    const memory = new Uint8Array(WIDTH * PAGES).fill(0xa5);
    const settings = new Map<number, readonly number[]>([
      [0x21, [0, 127]],
      [0x22, [0, 7]],
      [0x20, [2]],
      [0xae, []],
    ]);
    const at = { column: 0, page: 0 };
    const command = (code: number, args: readonly number[]) => {
      settings.set(code, args);
      if (code === 0x21) at.column = args[0]!;
      if (code === 0x22) at.page = args[0]!;
      if (code === 0xaf) settings.delete(0xae);
      if (code === 0xae) settings.delete(0xaf);
    };
    const data = (byte: number) => {
      memory[at.page * WIDTH + at.column] = byte;
      const [firstColumn = 0, lastColumn = 0] = settings.get(0x21)!;
      const [firstPage = 0, lastPage = 0] = settings.get(0x22)!;
      if (at.column < lastColumn) at.column += 1;
      else {
        at.column = firstColumn;
        at.page = at.page < lastPage ? at.page + 1 : firstPage;
      }
    };
    const panel: Ssd1306Panel = {
      memory,
      isLit: () => settings.has(0xaf) && settings.get(0x8d)?.[0] === 0x14,
      setting: (code) => settings.get(code),
    };
    return {
      ...panel,
      write([control, ...bytes]) {
        if (control === 0x40) {
          if (settings.get(0x20)![0] !== 0) throw new Nack("the model knows horizontal addressing only");
          for (const byte of bytes) data(byte);
        } else if (control === 0x00) {
          while (bytes.length > 0) {
            const code = bytes.shift()!;
            command(code, bytes.splice(0, ARGUMENTS[code] ?? 0));
          }
        }
      },
      read: (length) => new Uint8Array(length).fill(settings.has(0xaf) ? 0x00 : 0x40),
    };
  },
});
