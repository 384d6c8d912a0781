import { bytes, choiceOption, i2cDriver, sensirionCrc, u16be } from "./core";

/** 4.5: the command of a precision. 3.2: the longest time that it takes. */
const PRECISION = {
  high: { command: 0xfd, ms: 8.3 },
  medium: { command: 0xf6, ms: 4.5 },
  low: { command: 0xe0, ms: 1.6 },
} as const;

/** Sections are those of Sensirion's SHT4x datasheet, version 6.6. SHT40, SHT43 and SHT45 differ only in accuracy. */
export const sht41 = i2cDriver({
  name: "SHT41",
  maker: "Sensirion",
  measures: "temperature and humidity (also SHT40, SHT43, SHT45)",
  datasheet: "Sensirion SHT4x, version 6.6",
  addresses: [0x44, 0x45, 0x46], // 4.1: by the letter behind the part's name
  options: {
    precision: choiceOption("Precision", {
      high: "High (0.04 °C, 0.08 %)",
      medium: "Medium (0.07 °C, 0.15 %)",
      low: "Low (0.1 °C, 0.25 %)",
    }),
  },
  read: [
    async (device, { options }) => {
      const { command, ms } = PRECISION[options.precision];
      await device.write([command]);
      // A timer may be early by a fraction of a millisecond.
      await device.wait(Math.ceil(ms) + 1);
      return undefined;
    },
    bytes(6), // 4.5
  ],
  channels: [
    {
      sensor: "temperature",
      unit: "Cel",
      raw: u16be(0, sensirionCrc),
      value: (raw) => -45 + (175 * raw) / 65535, // 4.6, equation 2
      range: [-40, 125], // table 2
    },
    {
      sensor: "humidity",
      unit: "%",
      raw: u16be(3, sensirionCrc),
      // 4.6, equation 1: the ends are beyond 0 and 100 %, and what is read there is to be limited to them.
      value: (raw) => Math.min(100, Math.max(0, -6 + (125 * raw) / 65535)),
      range: [0, 100],
    },
  ],
});
