import {
  BadData,
  bad,
  type ChannelValue,
  choiceOption,
  DriverError,
  type I2cDevice,
  i2cDriver,
  u8,
  u16le,
} from "./core";

/** From little sensitivity to much. Codes: datasheet, table 1. The application note's figure "software flow chart" goes so. */
const RANGES = [
  { key: "d8t25", gain: 1 / 8, ms: 25, bits: (0b10 << 11) | (0b1100 << 6) },
  { key: "d8t50", gain: 1 / 8, ms: 50, bits: (0b10 << 11) | (0b1000 << 6) },
  { key: "d8t100", gain: 1 / 8, ms: 100, bits: 0b10 << 11 },
  { key: "d4t100", gain: 1 / 4, ms: 100, bits: 0b11 << 11 },
  { key: "x1t100", gain: 1, ms: 100, bits: 0 },
  { key: "x2t100", gain: 2, ms: 100, bits: 0b01 << 11 },
  { key: "x2t200", gain: 2, ms: 200, bits: (0b01 << 11) | (0b0001 << 6) },
  { key: "x2t400", gain: 2, ms: 400, bits: (0b01 << 11) | (0b0010 << 6) },
  { key: "x2t800", gain: 2, ms: 800, bits: (0b01 << 11) | (0b0011 << 6) },
] as const;
/** Where the flow chart begins. */
const FIRST_RANGE = 2;
const SHUTDOWN = 1;

/** Datasheet: Vishay 84286 revision 1.8. Application note: "Designing the VEML7700 Into an Application", Vishay 84323, March 2025. */
export const veml7700 = i2cDriver({
  name: "VEML7700",
  maker: "Vishay",
  measures: "light",
  datasheet: "Vishay VEML7700, document 84286, revision 1.8, with application note 84323",
  addresses: [0x10], // datasheet, "slave address"
  options: {
    range: choiceOption("Range", {
      auto: "Automatic",
      ...{ d8t25: "to 140 000 lx", d8t50: "to 70 000 lx", d8t100: "to 35 000 lx", d4t100: "to 17 000 lx" },
      ...{ x1t100: "to 4400 lx", x2t100: "to 2200 lx", x2t200: "to 1100 lx", x2t400: "to 550 lx", x2t800: "to 275 lx" },
    }),
  },
  state: () => ({ range: FIRST_RANGE }),
  identify: async (device) => {
    // Datasheet, table 8: 0x81 in the low byte; the high one tells the address.
    const [id] = await device.transfer([0x07], 2);
    if (id === 0x81) return undefined;
    const got = `0x${id!.toString(16)}`;
    throw new DriverError(`another part answers at 0x10: expected id 0x81 in register 0x07, got ${got}`);
  },
  init: async (device, { options, state }) => {
    const fixed = RANGES.findIndex(({ key }) => key === options.range);
    if (fixed >= 0) state.range = fixed;
    await write(device, 0x03, 0); // no power saving: it measures all the time
    return undefined;
  },
  read: async (device, { options, state }) => {
    const isAutomatic = options.range === "auto";
    for (let tries = 1; ; tries++) {
      await ensureRange(device, state.range);
      const counts = await device.transfer([0x04], 2);
      const step = isAutomatic ? stepFrom(u16le(0)(counts), state.range) : 0;
      // In light that flickers no range may fit; the last one is as good as any.
      if (step === 0 || tries > RANGES.length) return Uint8Array.of(...counts, state.range);
      state.range += step;
    }
  },
  channels: [
    { sensor: "illuminance", unit: "lx", range: [0, 140_926] }, // application note, table of maximum illuminations
  ],
  decode: (frame) => {
    const range = RANGES[u8(2)(frame)];
    if (!range) throw new BadData("not a range of the part");
    return { illuminance: illuminance(u16le(0)(frame), range) };
  },
  close: async (device) => {
    await write(device, 0x00, SHUTDOWN);
    return undefined;
  },
});

/** Low byte first (datasheet, figure 9). */
const write = (device: I2cDevice, register: number, word: number) => device.write([register, word & 0xff, word >> 8]);

/**
 * Sets the range unless the part has it already; without it, it is as after power-up: shut down. Application note: settings
 * are changed in shutdown, and it takes 2.5 ms to wake up. The integration time may be a third longer.
 */
async function ensureRange(device: I2cDevice, range: number): Promise<void> {
  const { bits, ms } = RANGES[range]!;
  if (u16le(0)(await device.transfer([0x00], 2)) === bits) return;
  await write(device, 0x00, bits | SHUTDOWN);
  await write(device, 0x00, bits);
  await device.wait(Math.ceil(2.5 + 1.35 * ms));
}

/** Application note, flow chart: more sensitivity up to 100 counts, less above 10 000. */
function stepFrom(counts: number, range: number): -1 | 0 | 1 {
  if (counts > 10_000 && range > 0) return -1;
  return counts <= 100 && range < RANGES.length - 1 ? 1 : 0;
}

/** Lux of a number of counts. @param gain 2, 1, 1/4 or 1/8 @param ms integration time */
export function illuminance(counts: number, { gain, ms }: { gain: number; ms: number }): ChannelValue {
  if (counts === 0xffff) return bad("too bright for the range");
  // Application note, table of resolutions: 0.0042 lx a count with gain 2 and 800 ms.
  const lux = counts * 0.0042 * (2 / gain) * (800 / ms);
  return gain < 1 ? corrected(lux) : lux;
}

/** Application note, formula for gains 1/4 and 1/8, with which the part is not linear above some 100 lx. */
export function corrected(lux: number): number {
  return lux * (1.0023 + lux * (8.1488e-5 + lux * (-9.3924e-9 + lux * 6.0135e-13)));
}
