import {
  bad,
  type ChannelValue,
  chipId,
  choiceOption,
  type I2cDevice,
  i2cDriver,
  readRegister,
  u8,
  u16le,
  waitUntil,
} from "./core";

/** Every access names its register with the bits "CMD" and "normal operation" ("Command Register"). */
const COMMAND = 0xa0;
const ENABLE = COMMAND | 0x00;
const CONTROL = COMMAND | 0x01;
const STATUS = COMMAND | 0x13;
const DATA = COMMAND | 0x14;

/** Typical gains by the code of "AGAIN"; the factors are those of the lux formula's authors. */
const GAINS = [1, 25, 428, 9876] as const;
const GAIN_CODES = { low: 0, medium: 1, high: 2, maximum: 3 } as const;
/** Device factor of the formula: ms times gain that make one count per lux. */
const DEVICE_FACTOR = 408;

/**
 * Headings are those of ams' TSL2591 datasheet. It has no formula for lux: this is the one of Adafruit's library
 * (Adafruit_TSL2591.cpp, calculateLux) and of Linux (drivers/iio/light/tsl2591.c), who have it from ams.
 */
export const tsl2591 = i2cDriver({
  name: "TSL2591",
  maker: "ams OSRAM",
  measures: "light",
  datasheet: "ams TSL2591, light-to-digital converter",
  addresses: [0x29],
  options: {
    gain: choiceOption("Gain", {
      ...{ auto: "Automatic", low: "Low (1 ×)", medium: "Medium (25 ×)", high: "High (428 ×)" },
      maximum: "Maximum (9876 ×)",
    }),
    integration: choiceOption("Integration time", {
      ...{ "100": "100 ms", "200": "200 ms", "300": "300 ms", "400": "400 ms", "500": "500 ms", "600": "600 ms" },
    }),
  },
  state: () => ({ gain: 1 }),
  identify: chipId(COMMAND | 0x12, 0x50),
  init: async (_, { options, state }) => {
    if (options.gain !== "auto") state.gain = GAIN_CODES[options.gain];
    return undefined;
  },
  read: async (device, { options, state }) => {
    const time = Number(options.integration) / 100 - 1;
    for (let tries = 1; ; tries++) {
      const control = (state.gain << 4) | time;
      const counts = await measure(device, control);
      const step = options.gain === "auto" ? stepFrom(counts, control) : 0;
      if (step === 0 || tries === GAINS.length) return Uint8Array.of(...counts, control);
      state.gain += step;
    }
  },
  channels: [{ sensor: "illuminance", unit: "lx", range: [0, 88_000] }], // "Key Benefits and Features"
  decode: (frame) => ({ illuminance: illuminance(u16le(0)(frame), u16le(2)(frame), u8(4)(frame)) }),
  close: async (device) => {
    await device.write([ENABLE, 0]);
    return undefined;
  },
});

/** One integration from power-up to power-down, which also starts "AVALID" anew. */
async function measure(device: I2cDevice, control: number): Promise<Uint8Array> {
  await device.write([ENABLE, 0]);
  await device.write([CONTROL, control]);
  await device.write([ENABLE, 0b11]); // "Enable Register": power and ALS on
  // "ALS Characteristics": 100 ms typically take up to 108 ms.
  await device.wait(108 * timeOf(control));
  await waitUntil(STATUS, { mask: 0x01, is: 0x01, timeoutMs: 200, everyMs: 10 })(device, undefined);
  const counts = await readRegister(DATA, 4)(device, undefined);
  await device.write([ENABLE, 0]);
  return counts!;
}

/** In units of 100 ms. */
const timeOf = (control: number) => (control & 7) + 1;
/** "ALS Characteristics": the counter goes less far in 100 ms. */
const fullScale = (control: number) => (timeOf(control) === 1 ? 36_863 : 65_535);

/** A gain is about twenty times the one before: between the two limits is room for that and a half. */
function stepFrom(counts: Uint8Array, control: number): -1 | 0 | 1 {
  const [gain, full] = [control >> 4, fullScale(control)];
  const most = Math.max(u16le(0)(counts), u16le(2)(counts));
  if (most > 0.9 * full && gain > 0) return -1;
  return most < 0.02 * full && gain < GAINS.length - 1 ? 1 : 0;
}

/**
 * Lux by both photodiodes.
 * @param full counts of visible light and infrared @param infrared counts of infrared @param control the control register
 */
export function illuminance(full: number, infrared: number, control: number): ChannelValue {
  const limit = fullScale(control);
  if (full >= limit || infrared >= limit) return bad("too bright for the gain");
  // In the dark, or where noise or a lamp gives nothing but infrared.
  if (infrared >= full) return 0;
  const countsPerLux = (100 * timeOf(control) * GAINS[(control >> 4) & 3]!) / DEVICE_FACTOR;
  return ((full - infrared) * (1 - infrared / full)) / countsPerLux;
}
