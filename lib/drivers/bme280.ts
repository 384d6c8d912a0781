import {
  bad,
  type ChannelValue,
  chipId,
  choiceOption,
  type I2cDevice,
  i2cDriver,
  readRegister,
  s8,
  s16le,
  u8,
  u16le,
  wait,
  waitUntil,
  writeRegister,
} from "./core";

const OVERSAMPLING = { "1": 1, "2": 2, "4": 3, "8": 4, "16": 5 } as const; // table 20
const FILTER = { off: 0, "2": 1, "4": 2, "8": 3, "16": 4 } as const; // table 28

/** Sections are those of Bosch's BME280 datasheet, BST-BME280-DS002 rev 1.6. */
export const bme280 = i2cDriver({
  name: "BME280",
  maker: "Bosch Sensortec",
  measures: "temperature, humidity and air pressure",
  datasheet: "Bosch BST-BME280-DS002, rev 1.6",
  addresses: [0x76, 0x77], // 6.2
  options: {
    oversampling: choiceOption("Oversampling", { "1": "1 ×", "2": "2 ×", "4": "4 ×", "8": "8 ×", "16": "16 ×" }),
    filter: choiceOption("Filter", { off: "Off", "2": "2", "4": "4", "8": "8", "16": "16" }, { default: "off" }),
  },
  identify: chipId(0xd0, 0x60, { 88: "a BMP280, which measures no humidity", 97: "a BME680" }),
  init: [
    writeRegister(0xe0, 0xb6), // 5.4.2 soft reset
    wait({ ms: 2 }), // table 1: start-up time
    waitUntil(0xf3, { mask: 0x01, is: 0, timeoutMs: 100 }), // 5.4.4: trimming values are being copied
    async (device, { options }) => {
      await device.write([0xf5, FILTER[options.filter] << 2]); // 5.4.6
      return undefined;
    },
  ],
  calibration: { read: [readRegister(0x88, 26), readRegister(0xe1, 7)], parse: trimming },
  read: [measure, readRegister(0xf7, 8)], // 4: burst read, so that all values are of one measurement
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-40, 85] },
    { sensor: "humidity", unit: "%", range: [0, 100] },
    { sensor: "pressure", unit: "Pa", range: [30_000, 110_000] },
  ],
  decode: (frame, { calibration }) => {
    const pressure = u20(frame, 0);
    const temperature = u20(frame, 3);
    const humidity = (u8(6)(frame) << 8) | u8(7)(frame);
    const fine = fineTemperature(temperature, calibration);
    // 5.4.7 to 5.4.9: what is there when a measurement was skipped. Without a temperature nothing can be compensated.
    const measured = (raw: number, skipped: number, value: () => number): ChannelValue =>
      raw === skipped || temperature === 0x80000 ? bad("the part did not measure") : value();
    return {
      temperature: measured(temperature, 0x80000, () => fine / 5120),
      humidity: measured(humidity, 0x8000, () => compensatedHumidity(humidity, fine, calibration)),
      pressure: measured(pressure, 0x80000, () => compensatedPressure(pressure, fine, calibration)),
    };
  },
});

/** The part's own trimming values, by the names of table 16. */
export interface Trimming {
  readonly T: readonly number[];
  readonly P: readonly number[];
  readonly H: readonly number[];
}

interface Settings {
  readonly options: { readonly oversampling: keyof typeof OVERSAMPLING };
}

async function measure(device: I2cDevice, { options }: Settings): Promise<undefined> {
  const code = OVERSAMPLING[options.oversampling];
  await device.write([0xf2, code]); // 5.4.3: takes effect with the write of ctrl_meas
  await device.write([0xf4, (code << 5) | (code << 2) | 0b01]); // 5.4.5: forced mode
  const times = Number(options.oversampling);
  await device.wait(Math.ceil(1.25 + 3 * 2.3 * times + 2 * 0.575)); // 9.1: longest measurement time
  await waitUntil(0xf3, { mask: 0x08, is: 0, timeoutMs: 100 })(device, undefined); // 5.4.4: measuring
}

/** Table 16. @param bytes registers 0x88 to 0xA1 and 0xE1 to 0xE7 */
export function trimming(bytes: Uint8Array): Trimming {
  const signed = (...offsets: number[]) => offsets.map((offset) => s16le(offset)(bytes));
  const shared = s8(30)(bytes);
  return {
    T: [u16le(0)(bytes), ...signed(2, 4)],
    P: [u16le(6)(bytes), ...signed(8, 10, 12, 14, 16, 18, 20, 22)],
    H: [
      u8(25)(bytes),
      s16le(26)(bytes),
      u8(28)(bytes),
      // H4 and H5 have 12 bits each and share the byte at 0xE5.
      s8(29)(bytes) * 16 + (shared & 0x0f),
      s8(31)(bytes) * 16 + ((shared >> 4) & 0x0f),
      s8(32)(bytes),
    ],
  };
}

/** t_fine of 8.1: the temperature in 1/5120 °C, which the other formulas need. */
export function fineTemperature(raw: number, { T }: Trimming): number {
  const [t1, t2, t3] = T as [number, number, number];
  return (raw / 16384 - t1 / 1024) * t2 + (raw / 131072 - t1 / 8192) ** 2 * t3;
}

/** 8.1, in Pa. */
export function compensatedPressure(raw: number, fine: number, { P }: Trimming): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const half = fine / 2 - 64000;
  const offset = ((half * half * p6) / 32768 + half * p5 * 2) / 4 + p4 * 65536;
  const gain = (1 + ((p3 * half * half) / 524288 + p2 * half) / 524288 / 32768) * p1;
  // Trimming values that were never written: NaN becomes a bad reading.
  if (gain === 0) return Number.NaN;
  const pressure = ((1048576 - raw - offset / 4096) * 6250) / gain;
  return pressure + ((p9 * pressure * pressure) / 2147483648 + (pressure * p8) / 32768 + p7) / 16;
}

/** 8.1, in %, limited to 0 to 100 as there. */
export function compensatedHumidity(raw: number, fine: number, { H }: Trimming): number {
  const [h1, h2, h3, h4, h5, h6] = H as [number, number, number, number, number, number];
  const x = fine - 76800;
  const slope = (h2 / 65536) * (1 + (h6 / 67108864) * x * (1 + (h3 / 67108864) * x));
  const humidity = (raw - (h4 * 64 + (h5 / 16384) * x)) * slope;
  return Math.min(100, Math.max(0, humidity * (1 - (h1 * humidity) / 524288)));
}

/** Twenty bits: two bytes and the upper half of a third. */
function u20(frame: Uint8Array, offset: number): number {
  return (u8(offset)(frame) << 12) | (u8(offset + 1)(frame) << 4) | (u8(offset + 2)(frame) >> 4);
}
