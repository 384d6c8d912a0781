import { bytes, choiceOption, command, type I2cDevice, i2cDriver, integerOption, u16be, uncertain } from "./core";

const ONE_TIME = { high: 0x20, high2: 0x21, low: 0x23 } as const;
/** Measurement accuracy, typical: counts per lux at the default measurement time. */
const COUNTS_PER_LUX = 1.2;
const DEFAULT_TIME = 69;

/** Titles are those of ROHM's BH1750FVI technical note, 2011.11 rev D. */
export const bh1750 = i2cDriver({
  name: "BH1750",
  maker: "ROHM",
  measures: "light",
  datasheet: "ROHM BH1750FVI technical note, 2011.11 rev D",
  addresses: [0x23, 0x5c], // "Slave Address": ADDR low or high
  options: {
    mode: choiceOption("Resolution", { high: "1 lx", high2: "0.5 lx", low: "4 lx" }),
    time: integerOption("Measurement time", {
      default: DEFAULT_TIME,
      min: 31,
      max: 254,
      hint: "69 is 120 ms; less for bright light, more for little",
    }),
  },
  init: [
    command(0x01), // power on
    async (device, { options }) => {
      // "Instruction Set Architecture": the upper three and the lower five bits of the measurement time.
      await device.write([0x40 | (options.time >> 5)]);
      await device.write([0x60 | (options.time & 0x1f)]);
      return undefined;
    },
  ],
  read: [measure, bytes(2)],
  channels: ({ mode, time }) => [
    {
      sensor: "illuminance",
      unit: "lx",
      raw: u16be(0),
      value: (raw) => {
        // "Adjust measurement result for influence of optical window"; half of it in H-resolution mode 2.
        const lux = ((raw / COUNTS_PER_LUX) * (DEFAULT_TIME / time)) / (mode === "high2" ? 2 : 1);
        return raw === 0xffff ? uncertain(lux, "saturated: there is more light than this") : lux;
      },
      range: [0, 122_000], // 65535 counts at time 31
    },
  ],
});

interface Settings {
  readonly options: { readonly mode: keyof typeof ONE_TIME; readonly time: number };
}

/** "One Time" modes; electrical characteristics: at most 180 ms at the default time, 24 ms at low resolution. */
async function measure(device: I2cDevice, { options: { mode, time } }: Settings): Promise<undefined> {
  await device.write([ONE_TIME[mode]]);
  await device.wait(((mode === "low" ? 24 : 180) * time) / DEFAULT_TIME);
}
