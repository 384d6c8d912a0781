import type { I2cDevice } from "./i2c";
import { choiceOption, type NumberOption, numberOption } from "./options";

/** Sections are those of NXP's PCA9685 datasheet, rev 4. */
export const PCA9685 = {
  maker: "NXP",
  datasheet: "NXP PCA9685, rev 4, April 2015",
  /** 7.1.1: set by six pins; 0x70 is where all parts answer after power-up, and I2C keeps what is above 0x77. */
  addresses: Array.from({ length: 0x38 }, (_, index) => 0x40 + index).filter((address) => address !== 0x70),
} as const;

/** Counts of one period (7.3.3). */
export const COUNTS = 4096;

const MODE1 = 0x00;
const LED0 = 0x06;
const PRE_SCALE = 0xfe;
const RESTART = 0x80;
const AUTO_INCREMENT = 0x20;
const SLEEP = 0x10;
/** Table 6: bit 2 of MODE2. */
const DRIVE = { "push-pull": 0x04, "open-drain": 0x00 } as const;

export const driveOption = choiceOption("Outputs", {
  "push-pull": "Push-pull: drivers, servos",
  "open-drain": "Open drain: LEDs to their supply",
});

export const oscillatorOption: NumberOption = numberOption("Oscillator", {
  unit: "Hz",
  default: 25_000_000,
  min: 20_000_000,
  max: 30_000_000,
  hint: "parts differ by some percent: measure the frequency of an output, and correct it here",
});

/** 7.3.5: what PRE_SCALE holds for an output frequency in Hz, as near as the part can. */
export function prescale(frequency: number, oscillator: number): number {
  return Math.min(255, Math.max(3, Math.round(oscillator / (COUNTS * frequency)) - 1));
}

/**
 * 7.3.3: the four registers of an output that is high for so many counts of the period, from count `start` on. The whole
 * period and none of it have bits of their own.
 */
export function outputRegisters(high: number, start = 0): readonly number[] {
  if (high <= 0) return [0, 0, 0, 0x10];
  if (high >= COUNTS) return [0, 0x10, 0, 0];
  const end = (start + high) % COUNTS;
  return [start & 0xff, start >> 8, end & 0xff, end >> 8];
}

/** Sets neighbouring outputs in one transfer; they change together, at its end (7.3.2, OCH). */
export function setOutputs(device: I2cDevice, first: number, ...outputs: readonly (readonly number[])[]) {
  return device.write([LED0 + 4 * first, ...outputs.flat()]);
}

/**
 * Makes the part run at a frequency. A part that does so already is left alone: its outputs go on.
 * @param options as the user set them; `frequency` in Hz
 */
export async function setUp(
  device: I2cDevice,
  options: { readonly frequency: number; readonly oscillator: number; readonly drive: keyof typeof DRIVE },
): Promise<void> {
  const wanted = prescale(options.frequency, options.oscillator);
  const [mode1, mode2] = [...(await device.transfer([MODE1], 1)), ...(await device.transfer([MODE1 + 1], 1))];
  const [present] = await device.transfer([PRE_SCALE], 1);
  const isRunning = (mode1! & (SLEEP | AUTO_INCREMENT)) === AUTO_INCREMENT;
  if (isRunning && present === wanted && mode2 === DRIVE[options.drive]) return;
  await device.write([MODE1, AUTO_INCREMENT | SLEEP]);
  // 7.3.5: only while it sleeps.
  await device.write([PRE_SCALE, wanted]);
  await device.write([MODE1 + 1, DRIVE[options.drive]]);
  await device.write([MODE1, AUTO_INCREMENT]);
  // 7.3.1.1: the oscillator needs 500 us, then outputs that were active may go on.
  await device.wait(1);
  await device.write([MODE1, AUTO_INCREMENT | RESTART]);
}
