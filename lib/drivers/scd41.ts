import { BusError } from "../bus";
import {
  bad,
  bitField,
  choiceOption,
  DriverError,
  flagOption,
  type I2cDevice,
  i2cDriver,
  integerOption,
  numberOption,
  sensirionCrc,
  u16be,
} from "./core";
import { ask, askWord, tell } from "./core/sensirion";

/** How long a measurement takes at most, ms: 5 s and 30 s with a fifth for the part's clock. */
const LONGEST_WAIT = { periodic: 6000, lowPower: 36_000 } as const;

const VARIANTS: Readonly<Record<number, string>> = { 0: "SCD40", 1: "SCD41", 5: "SCD43" };
const readyField = bitField(u16be(0, sensirionCrc), 10, 0);

/** Names of commands are those of Sensirion's SCD4x datasheet, version 1.6. */
export const scd41 = i2cDriver({
  name: "SCD41",
  maker: "Sensirion",
  measures: "carbon dioxide (CO2), temperature and humidity (also SCD40, SCD43)",
  datasheet: "Sensirion SCD4x, version 1.6",
  addresses: [0x62],
  options: {
    mode: choiceOption(
      "Measures",
      { periodic: "Every 5 s", lowPower: "Every 30 s, saving power", single: "When asked, which takes 5 s" },
      { hint: "a read waits for the next measurement" },
    ),
    temperatureOffset: numberOption("Self-heating", { unit: "Cel", default: 4, min: 0, max: 20 }),
    altitude: integerOption("Altitude", { unit: "m", default: 0, min: 0, max: 3000 }),
    pressure: integerOption("Air pressure", {
      unit: "hPa",
      default: 0,
      min: 0,
      max: 1200,
      hint: "0: that of the altitude",
    }),
    selfCalibration: flagOption("Self-calibration", { default: true, hint: "needs fresh air once a week" }),
  },
  identify: async (device, { options }) => {
    // A part that was measuring before a restart answers to nothing else until it is stopped.
    await tell(device, 0x3f86); // stop_periodic_measurement
    await device.wait(500);
    const variant = (await askWord(device, 0x202f, 1)) >> 12; // get_sensor_variant
    const name = VARIANTS[variant];
    if (!name) throw new DriverError(`another part answers at 0x62: expected variant 0, 1 or 5, got ${variant}`);
    if (variant === 0 && options.mode === "single") throw new DriverError("an SCD40 cannot measure when asked");
    return undefined;
  },
  init: async (device, { options }) => {
    const set = async (code: number, word: number) => {
      await tell(device, code, word);
      await device.wait(1);
    };
    await set(0x241d, Math.round((options.temperatureOffset * 65535) / 175)); // set_temperature_offset
    await set(0x2427, options.altitude); // set_sensor_altitude
    await set(0x2416, options.selfCalibration ? 1 : 0); // set_automatic_self_calibration_enabled
    if (options.pressure > 0) await set(0xe000, options.pressure); // set_ambient_pressure
    if (options.mode === "periodic") await tell(device, 0x21b1); // start_periodic_measurement
    if (options.mode === "lowPower") await tell(device, 0x21ac); // start_low_power_periodic_measurement
    return undefined;
  },
  read: async (device, { options: { mode } }) => {
    if (mode === "single") {
      await tell(device, 0x219d); // measure_single_shot
      await device.wait(5000);
    }
    await untilReady(device, mode === "single" ? 1000 : LONGEST_WAIT[mode]);
    return ask(device, 0xec05, 3, 1); // read_measurement
  },
  channels: [
    {
      sensor: "co2",
      unit: "[ppm]",
      raw: u16be(0, sensirionCrc),
      // Sensirion's own examples take 0 for an invalid sample.
      value: (raw) => (raw === 0 ? bad("the part gave no value") : raw),
      range: [0, 40_000],
    },
    {
      sensor: "temperature",
      unit: "Cel",
      raw: u16be(3, sensirionCrc),
      value: (raw) => -45 + (175 * raw) / 65535,
      range: [-10, 60],
    },
    {
      sensor: "humidity",
      unit: "%",
      raw: u16be(6, sensirionCrc),
      value: (raw) => (100 * raw) / 65535,
      range: [0, 100],
    },
  ],
  close: async (device) => {
    await tell(device, 0x3f86);
    // It is deaf for so long, and may be opened again at once.
    await device.wait(500);
    return undefined;
  },
});

/** get_data_ready_status: the lower eleven bits are zero until then. */
async function untilReady(device: I2cDevice, timeoutMs: number): Promise<void> {
  const deadline = device.clock.now() + timeoutMs;
  while (readyField(await ask(device, 0xe4b8, 1, 1)) === 0) {
    if (device.clock.now() >= deadline) {
      throw new BusError("timeout", `no measurement within ${timeoutMs / 1000} s: the part was without power`);
    }
    await device.wait(100);
  }
}
