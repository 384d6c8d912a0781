import { bad, type ChannelValue, choiceOption, i2cDriver, numberOption, s16be, u16be, uncertain } from "./core";
import { untilSet, wordId, writeWord } from "./core/words";

/** AVG bits (table 7-4). */
const SAMPLES = { "1": 0, "4": 1, "16": 2, "64": 3, "128": 4, "256": 5, "512": 6, "1024": 7 } as const;
/** 5.5: a conversion of 1.1 ms takes 1.21 ms at most; the shunt and the bus voltage take one each. */
const CONVERSIONS_MS = 2 * 1.21;

const shunt = s16be(0);
const mask = u16be(8);

/** Sections and tables are those of TI's INA226 datasheet, SBOS547B. */
export const ina226 = i2cDriver({
  name: "INA226",
  maker: "Texas Instruments",
  measures: "voltage, current and power, 16 bit",
  datasheet: "TI INA226, SBOS547B",
  addresses: Array.from({ length: 16 }, (_, index) => 0x40 + index), // table 6-2
  options: {
    shunt: numberOption("Shunt", { unit: "Ohm", default: 0.1, min: 0.0001, max: 100 }),
    maxCurrent: numberOption("Highest current", { unit: "A", default: 0.8, min: 0.0001, max: 1000 }),
    samples: choiceOption(
      "Average of",
      { "1": "1", "4": "4", "16": "16", "64": "64", "128": "128", "256": "256", "512": "512", "1024": "1024" },
      { default: "16", hint: "samples; 1024 take 2.5 s" },
    ),
  },
  identify: async (device) => {
    await wordId(0xfe, 0x5449)(device, undefined); // 7.1.9
    return wordId(0xff, 0x2260)(device, undefined); // 7.1.10
  },
  read: async (device, { options }) => {
    // Written every time: a part that lost its power for a moment would measure no current at all.
    await writeWord(device, 0x05, calibration(options));
    // 7.1.1: conversion times of 1.1 ms, shunt and bus voltage, triggered.
    await writeWord(device, 0x00, 0x4000 | (SAMPLES[options.samples] << 9) | (0b100 << 6) | (0b100 << 3) | 0b011);
    await device.wait(Math.ceil(Number(options.samples) * CONVERSIONS_MS));
    await untilSet(device, 0x06, 0x0008, 50); // 7.1.7: CVRF
    const words = [0x01, 0x02, 0x04, 0x03, 0x06].map((register) => device.transfer([register], 2));
    return Uint8Array.from((await Promise.all(words)).flatMap((word) => [...word]));
  },
  channels: ({ shunt, maxCurrent }) => {
    if (shunt * maxCurrent > 0.08193) {
      const volts = shunt * maxCurrent;
      throw new RangeError(
        `option maxCurrent: ${maxCurrent} A at ${shunt} Ohm are ${volts} V, the part measures 0.08192 V`,
      );
    }
    return [
      { sensor: "voltage", unit: "V", range: [0, 36] }, // 7.1.3
      { sensor: "current", unit: "A", range: [-1.001 * maxCurrent, 1.001 * maxCurrent] },
      { sensor: "power", unit: "W" },
      { sensor: "shunt", unit: "V", range: [-0.08192, 0.08192] }, // 7.1.2
    ];
  },
  decode: (frame, { options }) => {
    const step = 0.00512 / (calibration(options) * options.shunt); // 6.5.1, equation 1
    const drop = shunt(frame) * 2.5e-6; // 7.1.2
    const current = s16be(4)(frame) * step;
    const power = u16be(6)(frame) * 25 * step * Math.sign(current); // 6.5.1
    const isSaturated = shunt(frame) === 32767 || shunt(frame) === -32768;
    const judge = (value: number): ChannelValue => {
      if (mask(frame) & 0x0004) return bad("overflow: the current is higher than the highest that was set"); // 7.1.7: OVF
      return isSaturated ? uncertain(value, "beyond the full scale of the shunt") : value;
    };
    return {
      voltage: u16be(2)(frame) * 0.00125, // 7.1.3
      current: judge(current),
      power: judge(power),
      shunt: isSaturated ? uncertain(drop, "beyond the full scale of the shunt") : drop,
    };
  },
});

/** 6.5.1, equations 1 and 2; 15 bit. */
function calibration({ shunt, maxCurrent }: { readonly shunt: number; readonly maxCurrent: number }): number {
  const exact = 0.00512 / ((maxCurrent / 32768) * shunt);
  // What comes close to a whole number only by rounding is meant to be it.
  return Math.min(0x7fff, Math.trunc(exact + 1e-6));
}
