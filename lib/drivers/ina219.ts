import {
  bad,
  bitField,
  type ChannelValue,
  choiceOption,
  DriverError,
  i2cDriver,
  numberOption,
  s16be,
  u16be,
  uncertain,
} from "./core";
import { readWord, untilSet, writeWord } from "./core/words";

/** Full scale across the shunt by PG bits, volts (table 4). */
const SHUNT_SCALES = [0.04, 0.08, 0.16, 0.32];
/** ADC bits and time of one conversion, ms (table 5). */
const SAMPLES = {
  "1": { adc: 0b0011, ms: 0.532 },
  "2": { adc: 0b1001, ms: 1.06 },
  "4": { adc: 0b1010, ms: 2.13 },
  "8": { adc: 0b1011, ms: 4.26 },
  "16": { adc: 0b1100, ms: 8.51 },
  "32": { adc: 0b1101, ms: 17.02 },
  "64": { adc: 0b1110, ms: 34.05 },
  "128": { adc: 0b1111, ms: 68.1 },
} as const;

const RESET = 0x8000;
const shunt = s16be(0);
const bus = u16be(2);
const overflow = bitField(bus, 0, 0);

/** Sections and tables are those of TI's INA219 datasheet, SBOS448G. */
export const ina219 = i2cDriver({
  name: "INA219",
  maker: "Texas Instruments",
  measures: "voltage, current and power",
  datasheet: "TI INA219, SBOS448G",
  addresses: Array.from({ length: 16 }, (_, index) => 0x40 + index), // table 1
  options: {
    shunt: numberOption("Shunt", { unit: "Ohm", default: 0.1, min: 0.0001, max: 100 }),
    maxCurrent: numberOption("Highest current", { unit: "A", default: 3.2, min: 0.0001, max: 1000 }),
    maxVoltage: choiceOption("Highest voltage", { "32": "26 V (scale of 32 V)", "16": "16 V" }, { default: "32" }),
    samples: choiceOption(
      "Average of",
      { "1": "1", "2": "2", "4": "4", "8": "8", "16": "16", "32": "32", "64": "64", "128": "128" },
      { default: "16", hint: "samples; 128 take 0.14 s" },
    ),
  },
  // No id register: after a reset the configuration is known (table 2).
  identify: async (device) => {
    await writeWord(device, 0x00, RESET);
    const found = await readWord(device, 0x00);
    if (found === 0x399f) return undefined;
    throw new DriverError(
      `another part answers: expected 0x399F in register 0x00 after a reset, got 0x${found.toString(16)}`,
    );
  },
  read: async (device, { options }) => {
    const { adc, ms } = SAMPLES[options.samples];
    const range = options.maxVoltage === "32" ? 0x2000 : 0;
    // Written every time: a part that lost its power for a moment would measure no current at all.
    await writeWord(device, 0x05, calibration(options));
    await writeWord(device, 0x00, range | (gain(options) << 11) | (adc << 7) | (adc << 3) | 0b011); // 8.6.2.1: triggered
    await device.wait(Math.ceil(2 * ms * 1.1));
    await untilSet(device, 0x02, 0x0002, 50); // 8.6.3.2: CNVR
    const words = [0x01, 0x02, 0x04, 0x03].map((register) => device.transfer([register], 2));
    return Uint8Array.from((await Promise.all(words)).flatMap((word) => [...word]));
  },
  channels: ({ maxCurrent, maxVoltage, ...options }) => {
    gain({ maxCurrent, ...options });
    return [
      { sensor: "voltage", unit: "V", range: [0, Number(maxVoltage)] },
      { sensor: "current", unit: "A", range: [-1.001 * maxCurrent, 1.001 * maxCurrent] },
      { sensor: "power", unit: "W" },
      { sensor: "shunt", unit: "V", range: [-0.32, 0.32] },
    ];
  },
  decode: (frame, { options }) => {
    const step = 0.04096 / (calibration(options) * options.shunt); // 8.5.1, equation 1
    const drop = shunt(frame) * 1e-5; // 8.6.3.1: 10 uV
    const current = s16be(4)(frame) * step;
    const power = u16be(6)(frame) * 20 * step * Math.sign(current); // 8.5.1, equation 3
    const isSaturated = Math.abs(drop) >= SHUNT_SCALES[gain(options)]! - 1e-9;
    const judge = (value: number): ChannelValue => {
      if (overflow(frame)) return bad("overflow: the current is higher than the highest that was set"); // 8.6.3.2
      return isSaturated ? uncertain(value, "beyond the full scale of the shunt") : value;
    };
    const volts = bitField(bus, 15, 3)(frame) * 0.004; // 8.6.3.2: 4 mV
    return {
      voltage: volts,
      current: judge(current),
      power: judge(power),
      shunt: isSaturated ? uncertain(drop, "beyond the full scale of the shunt") : drop,
    };
  },
});

interface Shunt {
  readonly shunt: number;
  readonly maxCurrent: number;
}

/** PG bits. @throws RangeError for a current that the part cannot measure with this shunt */
function gain({ shunt, maxCurrent }: Shunt): number {
  const volts = shunt * maxCurrent;
  const index = SHUNT_SCALES.findIndex((scale) => volts <= scale * 1.0001);
  if (index >= 0) return index;
  throw new RangeError(`option maxCurrent: ${maxCurrent} A at ${shunt} Ohm are ${volts} V, the part measures 0.32 V`);
}

/** 8.5.1, equations 1 and 2. The lowest bit is always 0 (8.6.4.1). */
function calibration({ shunt, maxCurrent }: Shunt): number {
  const exact = 0.04096 / ((maxCurrent / 32768) * shunt);
  // What comes close to a whole number only by rounding is meant to be it.
  return Math.min(0xfffe, Math.trunc(exact + 1e-6) & ~1);
}
