import {
  chipId,
  choiceOption,
  type DriverContext,
  type I2cDevice,
  i2cDriver,
  type OptionValues,
  type SampleBlock,
  s16le,
  uncertain,
  waitUntil,
} from "./core";
import { GRAVITY, type SampledAxis, sampleBlock } from "./core/samples";
import { expectSettings } from "./core/settings";

/** Registers, table 21; bit 7 goes on to the next register in a burst (6.1.1). */
const WHO_AM_I = 0x0f;
const CTRL_REG1 = 0x20;
const CTRL_REG4 = 0x23;
const CTRL_REG5 = 0x24;
const STATUS = 0x27;
const OUT = 0x28 | 0x80;
const FIFO_CTRL = 0x2e;
const FIFO_SRC = 0x2f;

/** ODR bits (8.8). */
const RATE = { "1344": 9, "400": 7, "200": 6, "100": 5, "50": 4, "25": 3, "10": 2 } as const;
/** FS bits (8.11) and g per step of twelve bits at high resolution (table 4). */
const RANGE = {
  "2": { bits: 0, step: 0.001 },
  "4": { bits: 1, step: 0.002 },
  "8": { bits: 2, step: 0.004 },
  "16": { bits: 3, step: 0.012 },
} as const;

const FIFO_DEPTH = 32;

const options = {
  range: choiceOption("Range", { "2": "2 g", "4": "4 g", "8": "8 g", "16": "16 g" }, { default: "4" }),
  rate: choiceOption(
    "Rate",
    {
      "10": "10 Hz",
      "25": "25 Hz",
      "50": "50 Hz",
      "100": "100 Hz",
      "200": "200 Hz",
      "400": "400 Hz",
      "1344": "1344 Hz",
    },
    { default: "100", hint: "I2C at 100 kHz carries 400 Hz, at 400 kHz all" },
  ),
};
type Options = OptionValues<typeof options>;

/** True while the buffer is filled, which `readBlock` empties; `read` takes single values without it. */
interface State {
  isStreaming: boolean;
}

/** Sections and tables are those of ST's LIS3DH datasheet, DocID17530 rev 2. */
export const lis3dh = i2cDriver({
  name: "LIS3DH",
  maker: "STMicroelectronics",
  measures: "acceleration, vibration",
  datasheet: "ST LIS3DH, DocID17530 rev 2",
  addresses: [0x18, 0x19], // 6.1.1
  options,
  state: (): State => ({ isStreaming: false }),
  identify: chipId(WHO_AM_I, 0x33, { 50: "an LIS331DLH", 65: "an LIS2DE12", 68: "an LIS2DW12" }), // 8.6
  init: async (device, { options: { range, rate } }) => {
    await stream(device, false);
    await device.write([CTRL_REG1, control(rate)]);
    await device.write([CTRL_REG4, 0x88 | (RANGE[range].bits << 4)]); // 8.11: no torn values, high resolution
    await device.wait(7000 / Number(rate)); // 3.2.1, table 11: turn-on takes 7 periods
    return undefined;
  },
  read: async (device, { options: { rate }, state }) => {
    expectSettings(await device.transfer([CTRL_REG1], 1), [control(rate)]);
    if (state.isStreaming) await stream(device, false);
    state.isStreaming = false;
    await waitUntil(STATUS, { mask: 0x08, is: 0x08, timeoutMs: 500 })(device, undefined); // 8.14: ZYXDA
    return device.transfer([OUT], 6);
  },
  readBlock: (device, context) => readFifo(device, context),
  close: async (device) => {
    await device.write([CTRL_REG1, 0x00]);
    return undefined;
  },
  channels: ({ range }) =>
    axesOf(range).map(({ scale, ...axis }) => ({
      ...axis,
      range: [-2048 * 16 * scale, 2048 * 16 * scale] as const,
      value: (raw) =>
        raw >= 0x7ff0 || raw <= -0x8000 ? uncertain(raw * scale, "at the end of the range") : raw * scale,
    })),
});

/** 8.8: the rate, all axes. */
const control = (rate: Options["rate"]) => (RATE[rate] << 4) | 0x07;

/** 8.15: twelve bits, left-justified in sixteen. */
function axesOf(range: Options["range"]): SampledAxis[] {
  return ["x", "y", "z"].map((axis, index) => ({
    sensor: `acceleration.${axis}`,
    unit: "m/s2",
    raw: s16le(2 * index),
    scale: (RANGE[range].step * GRAVITY) / 16,
  }));
}

/** 5.1.3: stream mode holds the newest 32 samples; bypass mode, 5.1.1, empties the buffer. */
async function stream(device: I2cDevice, isOn: boolean): Promise<void> {
  await device.write([CTRL_REG5, isOn ? 0x40 : 0x00]);
  await device.write([FIFO_CTRL, isOn ? 0x80 : 0x00]);
}

async function readFifo(
  device: I2cDevice,
  { options: { range, rate }, state }: DriverContext<Options, undefined, State>,
): Promise<SampleBlock> {
  const rateHz = Number(rate);
  expectSettings(await device.transfer([CTRL_REG1], 1), [control(rate)]);
  if (!state.isStreaming) {
    await stream(device, true);
    state.isStreaming = true;
    await device.wait((1000 * FIFO_DEPTH) / 2 / rateHz);
  }
  const source = (await device.transfer([FIFO_SRC], 1))[0]!;
  const timestamp = device.clock.now();
  const overrun = (source & 0x40) !== 0; // 8.19: OVRN_FIFO, all 32 are there and the next one takes a place
  const count = overrun ? FIFO_DEPTH : source & 0x1f;
  // 5.1.5: in a burst the address goes from the last byte of a sample to the first one of the next.
  const bytes = count > 0 ? await device.transfer([OUT], 6 * count) : new Uint8Array(0);
  return sampleBlock(bytes, 6, axesOf(range), { rateHz, timestamp, overrun });
}
