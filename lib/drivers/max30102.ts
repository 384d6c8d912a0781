import { type Pulse, pulseOf } from "../vitals/ppg";
import {
  BadData,
  chipId,
  type DriverContext,
  type I2cDevice,
  i2cDriver,
  numberOption,
  type OptionValues,
  type SampleBlock,
  u24be,
  uncertain,
} from "./core";
import { joined, type SampledAxis, sampleBlock } from "./core/samples";
import { expectSettings } from "./core/settings";

/** Registers, "Register maps and descriptions". */
const FIFO_WRITE = 0x04;
const FIFO_DATA = 0x07;
const MODE = 0x09;
const SPO2_CONFIGURATION = 0x0a;

const SHUTDOWN = 0x80;
const RESET = 0x40;
const SPO2_MODE = 0x03;
/** 4096 nA, 200 samples per second, 411 us and with it eighteen bits (tables 5 to 7). */
const SAMPLING = 0x2b;

/** 200 samples per second, of which four are averaged. */
const RATE_HZ = 50;
const SAMPLE = 6; // "FIFO data": red, then infrared, three bytes each
const FIFO_DEPTH = 32;
/** How often the buffer is emptied, which is full after 640 ms. */
const EMPTY_EVERY_MS = 200;
/** Eighteen bits (table 2). */
const FULL_SCALE = 0x3ffff;
/** A finger sends a good part of the light back; without one only a few thousand counts come. */
const LEAST_LIGHT = 20_000;

const options = {
  seconds: numberOption("Measures for", { unit: "s", default: 8, min: 4, max: 60, hint: "longer is steadier" }),
  current: numberOption("LED current", { unit: "mA", default: 7, min: 0.2, max: 51, hint: "more for dark skin" }),
};
type Options = OptionValues<typeof options>;

/** True while the buffer is filled, which `readBlock` empties; `read` lights the LEDs only while it measures. */
interface State {
  isStreaming: boolean;
}

const axes: readonly SampledAxis[] = [
  { sensor: "red", unit: "1", raw: (frame) => u24be(0)(frame) & FULL_SCALE, scale: 1 },
  { sensor: "infrared", unit: "1", raw: (frame) => u24be(3)(frame) & FULL_SCALE, scale: 1 },
];

const channels = [
  { sensor: "heartRate", unit: "/min", range: [20, 300] },
  { sensor: "spo2", unit: "%", range: [0, 100] },
  { sensor: "perfusion", unit: "%", range: [0, 30] },
] as const;

/** Sections and tables are those of Maxim's MAX30102 datasheet, 19-7740 rev 1. Not for diagnosis: see lib/vitals/ppg.ts. */
export const max30102 = i2cDriver({
  name: "MAX30102",
  maker: "Analog Devices (Maxim)",
  measures: "heart rate and oxygen saturation",
  datasheet: "Maxim MAX30102, 19-7740 rev 1",
  addresses: [0x57],
  options,
  state: (): State => ({ isStreaming: false }),
  identify: chipId(0xff, 0x15, { 17: "a MAX30100" }), // "Part ID"
  init: async (device, { options: { current } }) => {
    await device.write([MODE, RESET]);
    await device.wait(10);
    // "FIFO configuration": four samples averaged, what does not fit is lost and counted.
    await device.write([0x08, 0x40]);
    await device.write([SPO2_CONFIGURATION, SAMPLING]);
    const amplitude = Math.round(current / 0.2); // table 8: 0.2 mA
    await device.write([0x0c, amplitude, amplitude]);
    await device.write([MODE, SHUTDOWN | SPO2_MODE]);
    return undefined;
  },
  read: async (device, { options: { seconds }, state }) => {
    state.isStreaming = false;
    await begin(device);
    const pieces: Uint8Array[] = [];
    const needed = seconds * RATE_HZ * SAMPLE;
    const deadline = device.clock.now() + 1500 * seconds + 1000;
    let hasLost = false;
    for (
      let length = 0;
      length < needed && !hasLost && device.clock.now() < deadline;
      length += pieces.at(-1)!.length
    ) {
      await device.wait(EMPTY_EVERY_MS);
      const { bytes, isLost } = await empty(device);
      hasLost = isLost;
      pieces.push(bytes);
    }
    await device.write([MODE, SHUTDOWN | SPO2_MODE]);
    if (hasLost) throw new BadData("samples were lost: the bus was busy for too long");
    return joined(pieces);
  },
  readBlock: (device, context) => readFifo(device, context),
  close: async (device) => {
    await device.write([MODE, SHUTDOWN | SPO2_MODE]);
    return undefined;
  },
  channels,
  decode: (frame) => {
    const block = sampleBlock(frame, SAMPLE, axes, { rateHz: RATE_HZ, timestamp: 0, overrun: false });
    const [red, infrared] = block.channels.map(({ samples }) => samples) as [Float64Array, Float64Array];
    const problem = lightProblem(red, infrared);
    const pulse = problem ? { reason: problem } : pulseOf({ rateHz: RATE_HZ, red, infrared });
    if ("reason" in pulse) throw new BadData(pulse.reason);
    return { heartRate: pulse.heartRate, spo2: saturation(pulse), perfusion: pulse.perfusion };
  },
});

function saturation({ spo2 }: Pulse) {
  // ISO 80601-2-61, 201.12.1.101: accuracy is stated from 70 to 100 %.
  return spo2 < 70 ? uncertain(spo2, "below 70 %, where no oximeter is calibrated") : spo2;
}

function lightProblem(red: Float64Array, infrared: Float64Array): string | undefined {
  if (red.length === 0) return "the part gave no samples";
  const brightest = Math.max(highest(red), highest(infrared));
  if (brightest >= FULL_SCALE) return "too bright: the LED current has to be lower";
  return highest(infrared) < LEAST_LIGHT ? "no finger on the sensor" : undefined;
}

const highest = (values: Float64Array) => values.reduce((high, value) => Math.max(high, value), 0);

/** "FIFO": the pointers are cleared before a measurement; the LEDs are lit. */
async function begin(device: I2cDevice): Promise<void> {
  await device.write([MODE, SPO2_MODE]);
  await device.write([FIFO_WRITE, 0, 0, 0]);
}

/** "FIFO": write pointer, samples lost, read pointer, each of five bits. */
async function empty(device: I2cDevice): Promise<{ bytes: Uint8Array; isLost: boolean }> {
  expectSettings(await device.transfer([SPO2_CONFIGURATION], 1), [SAMPLING]);
  const [written, lost, read] = await device.transfer([FIFO_WRITE], 3);
  const isLost = (lost! & 0x1f) > 0;
  const count = isLost ? FIFO_DEPTH : (written! - read!) & 0x1f;
  return { bytes: count ? await device.transfer([FIFO_DATA], SAMPLE * count) : new Uint8Array(0), isLost };
}

async function readFifo(device: I2cDevice, { state }: DriverContext<Options, undefined, State>): Promise<SampleBlock> {
  if (!state.isStreaming) {
    await begin(device);
    state.isStreaming = true;
    await device.wait(EMPTY_EVERY_MS);
  }
  const timestamp = device.clock.now();
  const { bytes, isLost } = await empty(device);
  return sampleBlock(bytes, SAMPLE, axes, { rateHz: RATE_HZ, timestamp, overrun: isLost });
}
