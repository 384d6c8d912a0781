import { BadData, bad, choiceOption, maximCrc8, oneWireDriver, s16le, uncertain } from "./core";

/** Table 2: conversion time and configuration register by resolution. */
const RESOLUTION = {
  "9": { ms: 94, config: 0x1f },
  "10": { ms: 188, config: 0x3f },
  "11": { ms: 375, config: 0x5f },
  "12": { ms: 750, config: 0x7f },
} as const;

const POWER_ON = "the value after power-up: it may not have measured";
const raw = s16le(0);

/** Names of tables and figures are those of Maxim's DS18B20 datasheet, 19-7487 rev 6. */
export const ds18b20 = oneWireDriver({
  name: "DS18B20",
  maker: "Analog Devices (Maxim)",
  measures: "temperature",
  datasheet: "Maxim DS18B20, 19-7487 rev 6",
  family: "28",
  options: {
    resolution: choiceOption(
      "Resolution",
      { "9": "0.5 °C in 94 ms", "10": "0.25 °C in 188 ms", "11": "0.125 °C in 375 ms", "12": "0.0625 °C in 750 ms" },
      { default: "12" },
    ),
  },
  // Alarm limits at their widest: nobody asks for alarms.
  init: async (device, { options }) => {
    await device.writeScratchpad([0x7f, 0x80, RESOLUTION[options.resolution].config]);
    return undefined;
  },
  read: async (device, { options }) => {
    await device.convert(RESOLUTION[options.resolution].ms);
    return device.readScratchpad();
  },
  channels: [{ sensor: "temperature", unit: "Cel", range: [-55, 125] }],
  decode: (scratchpad) => {
    if (scratchpad.length < 9 || maximCrc8(scratchpad.subarray(0, 8)) !== scratchpad[8]) throw new BadData("CRC error");
    // Figure 4: a line held low reads as zeros, whose CRC is right.
    if (scratchpad.every((byte) => byte === 0)) return { temperature: bad("the data line is held low") };
    // Figure 4 and table 2: below 12 bit the lowest bits are undefined.
    const undefinedBits = { 31: 3, 63: 2, 95: 1 }[scratchpad[4]!] ?? 0;
    const sixteenths = Math.floor(raw(scratchpad) / 2 ** undefinedBits) * 2 ** undefinedBits;
    // Figure 4: 85 °C and 0x0C in the reserved byte 6. Copies of the part may have 0x0C there for good.
    const isPowerOn = sixteenths === 85 * 16 && scratchpad[6] === 0x0c;
    return { temperature: isPowerOn ? uncertain(85, POWER_ON) : sixteenths / 16 };
  },
});
