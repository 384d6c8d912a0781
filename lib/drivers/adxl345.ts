import { type BusClock, BusError } from "../bus";
import {
  choiceOption,
  type DriverContext,
  DriverError,
  type I2cDevice,
  i2cDriver,
  type OptionValues,
  type SampleBlock,
  type SpiDevice,
  s16le,
  spiDriver,
  uncertain,
} from "./core";
import { GRAVITY, joined, type SampledAxis, sampleBlock } from "./core/samples";
import { expectSettings } from "./core/settings";

const STEPS_PER_G = 256; // table 1: full resolution, 3.9 mg typically

/** Registers, table 19. */
const DEVICE_ID = 0x00;
const BW_RATE = 0x2c;
const POWER_CTL = 0x2d;
const INT_SOURCE = 0x30;
const DATA_FORMAT = 0x31;
const DATA = 0x32;
const FIFO_CTL = 0x38;
const FIFO_STATUS = 0x39;

/** Table 7. */
const RATE = { "3200": 15, "1600": 14, "800": 13, "400": 12, "200": 11, "100": 10, "50": 9, "25": 8 } as const;
/** Table 21. */
const RANGE = { "2": 0, "4": 1, "8": 2, "16": 3 } as const;
const FIFO_DEPTH = 32;

const options = {
  range: choiceOption("Range", { "2": "2 g", "4": "4 g", "8": "8 g", "16": "16 g" }, { default: "16" }),
  rate: choiceOption(
    "Rate",
    {
      "25": "25 Hz",
      "50": "50 Hz",
      "100": "100 Hz",
      "200": "200 Hz",
      "400": "400 Hz",
      "800": "800 Hz",
      "1600": "1600 Hz",
      "3200": "3200 Hz",
    },
    { default: "100", hint: "I2C at 400 kHz carries 800 Hz, at 100 kHz 200 Hz; SPI carries all" },
  ),
};

/** True while the buffer is filled, which `readBlock` empties; `read` takes single values without it. */
interface State {
  isStreaming: boolean;
}

type Context = DriverContext<OptionValues<typeof options>, undefined, State>;

/** The part's registers on either bus. */
interface Registers {
  readonly clock: BusClock;
  read(register: number, length: number): Promise<Uint8Array>;
  write(register: number, value: number): Promise<void>;
  wait(ms: number): Promise<void>;
}

const axes: readonly SampledAxis[] = ["x", "y", "z"].map((axis, index) => ({
  sensor: `acceleration.${axis}`,
  unit: "m/s2",
  raw: s16le(2 * index),
  scale: GRAVITY / STEPS_PER_G,
}));

/** What is the same on both buses. */
function definition<D>(registersOf: (device: D) => Registers) {
  return {
    name: "ADXL345",
    maker: "Analog Devices",
    measures: "acceleration, vibration",
    datasheet: "Analog Devices ADXL345, rev G",
    options,
    state: (): State => ({ isStreaming: false }),
    identify: (device: D) => identify(registersOf(device)),
    init: async (device: D, { options: { range, rate } }: { options: OptionValues<typeof options> }) => {
      const part = registersOf(device);
      await part.write(POWER_CTL, 0x00);
      await part.write(DATA_FORMAT, 0x08 | RANGE[range]); // full resolution
      await part.write(BW_RATE, RATE[rate]);
      await part.write(FIFO_CTL, 0x00);
      await part.write(POWER_CTL, 0x08); // measure
      await part.wait(2 + 1000 / Number(rate)); // table 1: turn-on takes 1.1 ms and one period
      return undefined;
    },
    read: (device: D, context: Context) => readOne(registersOf(device), context),
    readBlock: (device: D, context: Context) => readFifo(registersOf(device), context),
    close: async (device: D) => {
      await registersOf(device).write(POWER_CTL, 0x00);
      return undefined;
    },
    channels: ({ range, rate }: OptionValues<typeof options>) => {
      const end = Number(range) * STEPS_PER_G;
      // "Data formatting of upper data rates": at 1600 Hz and more the lowest bit is always 0.
      const top = Number(rate) >= 1600 ? end - 2 : end - 1;
      return axes.map(({ scale, ...axis }) => ({
        ...axis,
        range: [-Number(range) * GRAVITY, Number(range) * GRAVITY] as const,
        value: (raw: number) =>
          raw >= top || raw <= -end ? uncertain(raw * scale, "at the end of the range") : raw * scale,
      }));
    },
  };
}

/** Sections and tables are those of Analog Devices' ADXL345 datasheet, rev G. */
export const adxl345 = i2cDriver({
  ...definition((device: I2cDevice) => ({
    clock: device.clock,
    read: (register, length) => device.transfer([register], length),
    write: (register, value) => device.write([register, value]),
    wait: (ms) => device.wait(ms),
  })),
  addresses: [0x53, 0x1d], // "I2C"
});

export const adxl345Spi = spiDriver({
  ...definition((device: SpiDevice) => ({
    clock: device.clock,
    // Figure 38: bit 7 reads, bit 6 goes on to the next register.
    read: async (register, length) =>
      (await device.transfer([0xc0 | register, ...new Array<number>(length).fill(0)])).subarray(1),
    write: async (register, value) => {
      await device.transfer([register, value]);
    },
    wait: (ms) => device.wait(ms),
  })),
  mode: 3, // "SPI"
  speedHz: 2_000_000, // "SPI": at least 2 MHz for 1600 Hz and more, at most 5 MHz
});

async function identify(part: Registers): Promise<undefined> {
  const [id] = await part.read(DEVICE_ID, 1);
  if (id === 0xe5) return;
  throw new DriverError(
    `another part answers: expected id 0xE5 in register 0x00, got 0x${id!.toString(16).toUpperCase()}`,
  );
}

async function readOne(part: Registers, { options: { rate }, state }: Context): Promise<Uint8Array> {
  expectSettings(await part.read(BW_RATE, 2), [RATE[rate], 0x08]);
  if (state.isStreaming) {
    await part.write(FIFO_CTL, 0x00);
    state.isStreaming = false;
  }
  const deadline = part.clock.now() + 200;
  while (((await part.read(INT_SOURCE, 1))[0]! & 0x80) === 0) {
    if (part.clock.now() >= deadline) throw new BusError("timeout", "the part does not measure");
    await part.wait(1);
  }
  return part.read(DATA, 6);
}

/** "FIFO", stream mode: the newest 32 samples. Reading the last byte of a sample takes it out. */
async function readFifo(part: Registers, { options: { rate }, state }: Context): Promise<SampleBlock> {
  const rateHz = Number(rate);
  expectSettings(await part.read(BW_RATE, 2), [RATE[rate], 0x08]);
  if (!state.isStreaming) {
    await part.write(FIFO_CTL, 0x80 | (FIFO_DEPTH / 2));
    state.isStreaming = true;
    await part.wait((1000 * FIFO_DEPTH) / 2 / rateHz);
  }
  const overrun = ((await part.read(INT_SOURCE, 1))[0]! & 0x01) !== 0;
  const count = (await part.read(FIFO_STATUS, 1))[0]! & 0x3f;
  const timestamp = part.clock.now();
  const samples: Uint8Array[] = [];
  for (let i = 0; i < count; i++) samples.push(await part.read(DATA, 6));
  return sampleBlock(joined(samples), 6, axes, { rateHz, timestamp, overrun });
}
