import {
  bad,
  chipId,
  choiceOption,
  DriverError,
  type I2cDevice,
  i2cDriver,
  readRegister,
  s8,
  s16le,
  u16le,
  u24le,
  wait,
  waitUntil,
  writeRegister,
} from "./core";

const OVERSAMPLING = { "1": 0, "2": 1, "4": 2, "8": 3, "16": 4, "32": 5 } as const; // register OSR
const FILTER = { off: 0, "1": 1, "3": 2, "7": 3, "15": 4, "31": 5, "63": 6, "127": 7 } as const; // register CONFIG
/** Reset value of the data registers, there as long as nothing was measured. */
const NOTHING = 0x800000;

const rawPressure = u24le(0);
const rawTemperature = u24le(3);

/** Sections are those of Bosch's BMP388 datasheet, BST-BMP388-DS001 rev 1.7. The BMP390 has the same registers. */
export const bmp388 = i2cDriver({
  name: "BMP388",
  maker: "Bosch Sensortec",
  measures: "air pressure and temperature (also BMP390)",
  datasheet: "Bosch BST-BMP388-DS001, rev 1.7",
  addresses: [0x76, 0x77], // 5.2
  options: {
    oversampling: choiceOption(
      "Oversampling",
      { "1": "1 ×", "2": "2 ×", "4": "4 ×", "8": "8 ×", "16": "16 ×", "32": "32 ×" },
      { default: "8", hint: "of the pressure" },
    ),
    filter: choiceOption(
      "Filter coefficient",
      {
        ...{ off: "Off", "1": "1", "3": "3", "7": "7", "15": "15", "31": "31", "63": "63", "127": "127" },
      },
      { default: "off" },
    ),
  },
  // Register CHIP_ID; 0x60 is the BMP390 (BST-BMP390-DS002).
  identify: chipId(0x00, [0x50, 0x60]),
  init: [
    writeRegister(0x7e, 0xb6), // register CMD: soft reset
    wait({ ms: 3 }), // table 2: start-up time 2 ms
    waitUntil(0x03, { mask: 0x10, is: 0x10, timeoutMs: 100 }), // register STATUS: ready for commands
    async (device, { options }) => {
      await device.write([0x1c, OVERSAMPLING[options.oversampling]]); // register OSR; temperature once
      await device.write([0x1f, FILTER[options.filter] << 1]); // register CONFIG
      return undefined;
    },
  ],
  calibration: { read: [readRegister(0x31, 21)], parse: trimming },
  read: [measure, readRegister(0x04, 6)], // 3.10: burst read, so that both values are of one measurement
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-40, 85] }, // table 2
    { sensor: "pressure", unit: "Pa", range: [30_000, 125_000] },
  ],
  decode: (frame, { calibration }) => {
    const [temperature, pressure] = [rawTemperature(frame), rawPressure(frame)];
    const missing = bad("the part did not measure");
    // Without a temperature nothing can be compensated.
    if (temperature === NOTHING) return { temperature: missing, pressure: missing };
    const celsius = compensatedTemperature(temperature, calibration);
    return {
      temperature: celsius,
      pressure: pressure === NOTHING ? missing : compensatedPressure(pressure, celsius, calibration),
    };
  },
});

interface Settings {
  readonly options: { readonly oversampling: keyof typeof OVERSAMPLING };
}

async function measure(device: I2cDevice, { options }: Settings): Promise<undefined> {
  await device.write([0x1b, 0b01_0011]); // register PWR_CTRL: both sensors, forced mode
  // 3.9.2, in µs; temperature once.
  const typical = 234 + (392 + 2020 * Number(options.oversampling)) + (163 + 2020);
  await device.wait(Math.ceil(typical / 1000));
  // Register STATUS: both values are there.
  await waitUntil(0x03, { mask: 0x60, is: 0x60, timeoutMs: 100 })(device, undefined);
}

/** Coefficients of the polynomials: `T[0]` is PAR_T1 (9.1). */
interface Trimming {
  readonly T: readonly [number, number, number];
  readonly P: readonly number[];
}

/** 3.11.1 and 9.1. @param bytes registers 0x31 to 0x45 @throws DriverError for a memory that is empty or cannot be read */
export function trimming(bytes: Uint8Array): Trimming {
  if (bytes.every((byte) => byte === bytes[0])) throw new DriverError("the part has no trimming values");
  const [byte, word] = [(at: number) => s8(at)(bytes), (at: number) => s16le(at)(bytes)];
  return {
    T: [u16le(0)(bytes) * 2 ** 8, u16le(2)(bytes) / 2 ** 30, byte(4) / 2 ** 48],
    P: [
      (word(5) - 2 ** 14) / 2 ** 20,
      (word(7) - 2 ** 14) / 2 ** 29,
      byte(9) / 2 ** 32,
      byte(10) / 2 ** 37,
      u16le(11)(bytes) * 2 ** 3,
      u16le(13)(bytes) / 2 ** 6,
      byte(15) / 2 ** 8,
      byte(16) / 2 ** 15,
      word(17) / 2 ** 48,
      byte(19) / 2 ** 48,
      byte(20) / 2 ** 65,
    ],
  };
}

/** 9.2, in °C. */
function compensatedTemperature(raw: number, { T: [t1, t2, t3] }: Trimming): number {
  const difference = raw - t1;
  return difference * t2 + difference * difference * t3;
}

/** 9.3, in Pa. */
function compensatedPressure(raw: number, t: number, { P }: Trimming): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11] = P as Eleven;
  const offset = p5 + p6 * t + p7 * t ** 2 + p8 * t ** 3;
  const slope = p1 + p2 * t + p3 * t ** 2 + p4 * t ** 3;
  return offset + raw * slope + raw ** 2 * (p9 + p10 * t) + raw ** 3 * p11;
}

type Five = readonly [number, number, number, number, number];
type Eleven = readonly [...Five, ...Five, number];
