import {
  chipId,
  choiceOption,
  type DriverContext,
  type I2cDevice,
  i2cDriver,
  type OptionValues,
  type SampleBlock,
  s16be,
  uncertain,
} from "./core";
import { GRAVITY, joined, type SampledAxis, sampleBlock } from "./core/samples";
import { expectSettings } from "./core/settings";

const FIFO_EN = 0x23;
const INT_ENABLE = 0x38;
const INT_STATUS = 0x3a;
const ACCEL_XOUT_H = 0x3b;
const USER_CTRL = 0x6a;
const PWR_MGMT_1 = 0x6b;
const FIFO_COUNT = 0x72;
const FIFO_R_W = 0x74;

/** 4.28: the clock is that of the X gyroscope, as recommended. */
const AWAKE = 0x01;

/** AFS_SEL and steps per g (4.17); FS_SEL and steps per degree per second (4.19). */
const ACCELERATION = {
  "2": { bits: 0, steps: 16384 },
  "4": { bits: 1, steps: 8192 },
  "8": { bits: 2, steps: 4096 },
  "16": { bits: 3, steps: 2048 },
} as const;
const ROTATION = {
  "250": { bits: 0, steps: 131 },
  "500": { bits: 1, steps: 65.5 },
  "1000": { bits: 2, steps: 32.8 },
  "2000": { bits: 3, steps: 16.4 },
} as const;
/** The low-pass filter (4.3) that lets less than half of the rate through. */
const FILTER = { "1000": 1, "500": 1, "200": 2, "100": 3, "50": 4 } as const;

/** Six axes of two bytes. */
const SAMPLE = 12;
/** Bytes of the buffer that are read at once: twenty samples, which adapters of every kind carry. */
const PIECE = 20 * SAMPLE;

const options = {
  acceleration: choiceOption("Acceleration", { "2": "2 g", "4": "4 g", "8": "8 g", "16": "16 g" }, { default: "4" }),
  rotation: choiceOption("Rotation", { "250": "250 °/s", "500": "500 °/s", "1000": "1000 °/s", "2000": "2000 °/s" }),
  rate: choiceOption(
    "Rate",
    { "50": "50 Hz", "100": "100 Hz", "200": "200 Hz", "500": "500 Hz", "1000": "1000 Hz" },
    { default: "200", hint: "I2C at 100 kHz carries 500 Hz, at 400 kHz 1000 Hz" },
  ),
};
type Options = OptionValues<typeof options>;

/** True while the buffer is filled, which `readBlock` empties. */
interface State {
  isStreaming: boolean;
}

/** Sections are those of InvenSense's MPU-6000/MPU-6050 register map, RM-MPU-6000A-00 rev 4.2. */
export const mpu6050 = i2cDriver({
  name: "MPU6050",
  maker: "TDK InvenSense",
  measures: "acceleration, rotation, vibration",
  datasheet: "InvenSense MPU-6000/MPU-6050 register map, RM-MPU-6000A-00 rev 4.2",
  addresses: [0x68, 0x69],
  options,
  state: (): State => ({ isStreaming: false }),
  identify: chipId(0x75, 0x68, { 112: "an MPU6500", 113: "an MPU9250", 115: "an MPU9255", 152: "an ICM20689" }), // 4.32
  init: async (device, { options: { acceleration, rotation, rate } }) => {
    await device.write([PWR_MGMT_1, 0x80]); // 4.28: reset
    await device.wait(100);
    await device.write([PWR_MGMT_1, AWAKE]);
    await device.write([0x19, 1000 / Number(rate) - 1, FILTER[rate]]); // 4.2: 1 kHz / (1 + divider); 4.3
    await device.write([0x1b, ROTATION[rotation].bits << 3, ACCELERATION[acceleration].bits << 3]); // 4.4, 4.5
    await device.write([INT_ENABLE, 0x10]); // 4.15: overflow of the buffer
    await device.wait(50); // product specification 6.1: the gyroscope starts in 30 ms
    return undefined;
  },
  read: async (device) => {
    expectSettings(await device.transfer([PWR_MGMT_1], 1), [AWAKE]);
    return device.transfer([ACCEL_XOUT_H], 14); // 4.17 to 4.19: one sample, which a burst does not tear
  },
  readBlock: (device, context) => readFifo(device, context),
  close: async (device) => {
    await device.write([PWR_MGMT_1, 0x41]); // 4.28: asleep
    return undefined;
  },
  channels: (chosen) => [
    ...axesOf(chosen, 8).map(({ scale, ...axis }) => ({
      ...axis,
      range: [-32768 * scale, 32768 * scale] as const,
      value: (raw: number) =>
        raw === 32767 || raw === -32768 ? uncertain(raw * scale, "at the end of the range") : raw * scale,
    })),
    {
      sensor: "temperature",
      unit: "Cel",
      range: [-40, 85] as const,
      raw: s16be(6),
      value: (raw: number) => raw / 340 + 36.53, // 4.18
    },
  ],
});

/** @param rotationAt where the gyroscope's bytes begin: behind the acceleration, or behind the temperature too */
function axesOf({ acceleration, rotation }: Options, rotationAt: number): SampledAxis[] {
  const three = (quantity: string, unit: string, offset: number, scale: number): SampledAxis[] =>
    ["x", "y", "z"].map((axis, index) => ({
      sensor: `${quantity}.${axis}`,
      unit,
      raw: s16be(offset + 2 * index),
      scale,
    }));
  return [
    ...three("acceleration", "m/s2", 0, GRAVITY / ACCELERATION[acceleration].steps),
    ...three("rotation", "deg/s", rotationAt, 1 / ROTATION[rotation].steps),
  ];
}

/** 4.29 to 4.31. */
async function readFifo(
  device: I2cDevice,
  { options: chosen, state }: DriverContext<Options, undefined, State>,
): Promise<SampleBlock> {
  const rateHz = Number(chosen.rate);
  const block = (bytes: Uint8Array, overrun: boolean, timestamp = device.clock.now()) =>
    sampleBlock(bytes, SAMPLE, axesOf(chosen, 6), { rateHz, timestamp, overrun });
  expectSettings(await device.transfer([PWR_MGMT_1], 1), [AWAKE]);
  if (!state.isStreaming) {
    await device.write([FIFO_EN, 0x78]); // 4.6: three gyroscope axes, acceleration
    await restart(device);
    state.isStreaming = true;
    await device.wait(Math.max(20, 16_000 / rateHz));
  }
  const isFull = (((await device.transfer([INT_STATUS], 1))[0] ?? 0) & 0x10) !== 0; // 4.16
  const [high, low] = await device.transfer([FIFO_COUNT], 2);
  const count = (high! << 8) | low!;
  if (isFull || count >= 1024) {
    // The oldest bytes are lost, not the oldest samples: nobody knows where one begins.
    await restart(device);
    return block(new Uint8Array(0), true);
  }
  const timestamp = device.clock.now();
  const pieces: Uint8Array[] = [];
  for (let left = count - (count % SAMPLE); left > 0; left -= PIECE) {
    pieces.push(await device.transfer([FIFO_R_W], Math.min(PIECE, left)));
  }
  return block(joined(pieces), false, timestamp);
}

/** 4.29: the buffer has to be off when it is emptied. */
async function restart(device: I2cDevice): Promise<void> {
  await device.write([USER_CTRL, 0x04]);
  await device.write([USER_CTRL, 0x40]);
}
