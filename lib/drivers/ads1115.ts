import { BusError } from "../bus";
import { choiceOption, type I2cDevice, i2cDriver, s16be, uncertain } from "./core";
import { readWord, untilSet, writeWord } from "./core/words";

/** What is measured: the MUX bits by channel, 9.6.3. */
const INPUTS = {
  single: { input0: 0b100, input1: 0b101, input2: 0b110, input3: 0b111 },
  differential: { difference01: 0b000, difference23: 0b011 },
  mixed: { difference01: 0b000, input2: 0b110, input3: 0b111 },
  common: { difference03: 0b001, difference13: 0b010, difference23: 0b011 },
} as const satisfies Record<string, Record<string, number>>;

/** PGA and DR bits of the configuration register. */
const GAIN = { "4.096": 1, "6.144": 0, "2.048": 2, "1.024": 3, "0.512": 4, "0.256": 5 } as const;
const RATE = { "8": 0, "16": 1, "32": 2, "64": 3, "128": 4, "250": 5, "475": 6, "860": 7 } as const;

const CONVERSION = 0x00;
const CONFIGURATION = 0x01;

/** Sections are those of TI's ADS111x datasheet, SBAS444D. */
export const ads1115 = i2cDriver({
  name: "ADS1115",
  maker: "Texas Instruments",
  measures: "4 analog inputs, 16 bit",
  datasheet: "TI ADS111x, SBAS444D",
  addresses: [0x48, 0x49, 0x4a, 0x4b], // 9.5.1.1
  options: {
    inputs: choiceOption("Inputs", {
      single: "4 single-ended",
      differential: "2 differential: 0-1 and 2-3",
      mixed: "0-1 differential, 2 and 3 single-ended",
      common: "3 against input 3",
    }),
    fullScale: choiceOption(
      "Full scale",
      {
        "4.096": "4.096 V",
        "6.144": "6.144 V",
        "2.048": "2.048 V",
        "1.024": "1.024 V",
        "0.512": "0.512 V",
        "0.256": "0.256 V",
      },
      { hint: "no input may be above the supply, whatever the scale" },
    ),
    rate: choiceOption(
      "Samples per second",
      { "8": "8", "16": "16", "32": "32", "64": "64", "128": "128", "250": "250", "475": "475", "860": "860" },
      { default: "128", hint: "slower is less noise" },
    ),
  },
  read: async (device, { options: { inputs, fullScale, rate } }) => {
    const frame: number[] = [];
    for (const mux of Object.values(INPUTS[inputs])) {
      // 9.6.3: start, input, gain, single shot, rate, comparator off.
      const setting = 0x8000 | (mux << 12) | (GAIN[fullScale] << 9) | 0x0100 | (RATE[rate] << 5) | 0x0003;
      frame.push(...(await converted(device, setting, 1100 / Number(rate)))); // 7.5: the rate is true to 10 %
    }
    return Uint8Array.from(frame);
  },
  channels: ({ inputs, fullScale }) =>
    Object.keys(INPUTS[inputs]).map((sensor, index) => ({
      sensor,
      unit: "V",
      range: [-Number(fullScale), Number(fullScale)] as const,
      raw: s16be(2 * index),
      value: (raw) => {
        const volts = (raw * Number(fullScale)) / 32768; // 9.3.3
        // 9.5.4: what is beyond the scale clips to its ends.
        return raw === 32767 || raw === -32768 ? uncertain(volts, "beyond the full scale") : volts;
      },
    })),
});

/**
 * One conversion. Another user of the same part may ask for another input while this one waits: who comes second waits for
 * the first, and who finds somebody else's result asks once more.
 */
async function converted(device: I2cDevice, setting: number, ms: number): Promise<Uint8Array> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const present = await readWord(device, CONFIGURATION);
    if ((present & 0x8000) === 0) {
      await device.wait(Math.ceil(1200 / RATES[(present >> 5) & 7]!) + 1);
      continue;
    }
    await writeWord(device, CONFIGURATION, setting);
    await device.wait(Math.ceil(ms));
    await untilSet(device, CONFIGURATION, 0x8000, Math.ceil(ms) + 20);
    if ((await readWord(device, CONFIGURATION)) === setting) return device.transfer([CONVERSION], 2);
  }
  throw new BusError("timeout", "the part converts for other users all the time");
}

/** Samples per second by DR bits. */
const RATES = [8, 16, 32, 64, 128, 250, 475, 860];
