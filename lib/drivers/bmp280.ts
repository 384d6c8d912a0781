import { compensatedPressure, fineTemperature, type Trimming } from "./bme280";
import {
  bad,
  bitField,
  chipId,
  choiceOption,
  DriverError,
  type I2cDevice,
  i2cDriver,
  readRegister,
  s16le,
  u16le,
  u24be,
  wait,
  waitUntil,
  writeRegister,
} from "./core";

const OVERSAMPLING = { "1": 1, "2": 2, "4": 3, "8": 4, "16": 5 } as const; // table 21
const FILTER = { off: 0, "2": 1, "4": 2, "8": 3, "16": 4 } as const; // 3.3.3
/** 4.3.6, 4.3.7: in the registers as long as nothing was measured. */
const NOTHING = 0x80000;

const rawPressure = bitField(u24be(0), 23, 4);
const rawTemperature = bitField(u24be(3), 23, 4);

/** Sections are those of Bosch's BMP280 datasheet, BST-BMP280-DS001 rev 1.26. */
export const bmp280 = i2cDriver({
  name: "BMP280",
  maker: "Bosch Sensortec",
  measures: "air pressure and temperature",
  datasheet: "Bosch BST-BMP280-DS001, rev 1.26",
  addresses: [0x76, 0x77], // 5.2
  options: {
    oversampling: choiceOption(
      "Oversampling",
      { "1": "1 ×", "2": "2 ×", "4": "4 ×", "8": "8 ×", "16": "16 ×" },
      { default: "4", hint: "of the pressure" },
    ),
    filter: choiceOption("Filter", { off: "Off", "2": "2", "4": "4", "8": "8", "16": "16" }, { default: "off" }),
  },
  // 4.3.1; 0x56 and 0x57 are samples.
  identify: chipId(0xd0, [0x58, 0x57, 0x56], { 96: "a BME280", 97: "a BME680" }),
  init: [
    writeRegister(0xe0, 0xb6), // 4.3.2 soft reset
    wait({ ms: 3 }), // table 2: start-up time 2 ms
    waitUntil(0xf3, { mask: 0x01, is: 0, timeoutMs: 100 }), // 4.3.3: trimming values are being copied
    async (device, { options }) => {
      await device.write([0xf5, FILTER[options.filter] << 2]); // 4.3.5
      return undefined;
    },
  ],
  calibration: { read: [readRegister(0x88, 24)], parse: trimming },
  read: [measure, readRegister(0xf7, 6)], // 3.9: burst read, so that both values are of one measurement
  channels: [
    { sensor: "temperature", unit: "Cel", range: [-40, 85] }, // table 2
    { sensor: "pressure", unit: "Pa", range: [30_000, 110_000] },
  ],
  decode: (frame, { calibration }) => {
    const [temperature, pressure] = [rawTemperature(frame), rawPressure(frame)];
    const missing = bad("the part did not measure");
    // Without a temperature nothing can be compensated.
    if (temperature === NOTHING) return { temperature: missing, pressure: missing };
    const fine = fineTemperature(temperature, calibration);
    return {
      temperature: fine / 5120,
      pressure: pressure === NOTHING ? missing : compensatedPressure(pressure, fine, calibration),
    };
  },
});

interface Settings {
  readonly options: { readonly oversampling: keyof typeof OVERSAMPLING };
}

async function measure(device: I2cDevice, { options }: Settings): Promise<undefined> {
  await device.write([0xf4, (1 << 5) | (OVERSAMPLING[options.oversampling] << 2) | 0b01]); // 4.3.4: forced mode
  // Table 13, whose longest times are 1.25 ms, 2.3 ms for each sample and 0.575 ms for the pressure.
  await device.wait(Math.ceil(1.25 + 2.3 * (1 + Number(options.oversampling)) + 0.575));
  await waitUntil(0xf3, { mask: 0x08, is: 0, timeoutMs: 100 })(device, undefined); // 4.3.3: measuring
}

/** Table 17. @param bytes registers 0x88 to 0x9F @throws DriverError for a memory that is empty or cannot be read */
export function trimming(bytes: Uint8Array): Trimming {
  const signed = (...offsets: number[]) => offsets.map((offset) => s16le(offset)(bytes));
  const [t1, p1] = [u16le(0)(bytes), u16le(6)(bytes)];
  if (p1 === 0 || (t1 === 0xffff && p1 === 0xffff)) throw new DriverError("the part has no trimming values");
  return { T: [t1, ...signed(2, 4)], P: [p1, ...signed(8, 10, 12, 14, 16, 18, 20, 22)], H: [] };
}
