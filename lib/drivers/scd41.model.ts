import { commandModel, daily, i2cModel, rawOf, wordsWithCrc } from "../bus/simulated";
import { sensirionCrc } from "./core";

/** What the part warms itself by, °C: the factory's temperature offset. */
const SELF_HEATING = 4;

const words = (...values: number[]) => ({ bytes: () => wordsWithCrc(sensirionCrc, ...values) });

export const scd41Model = i2cModel({
  quantities: {
    co2: { unit: "[ppm]", curve: daily(600, 150), noise: 5, wander: { amount: 80, period: 1800 }, min: 400 },
    temperature: { unit: "Cel", curve: daily(22, 3), noise: 0.02 },
    humidity: { unit: "%", curve: daily(45, -10), noise: 0.1, min: 0, max: 100 },
  },
  create: (world) => {
    const { clock } = world;
    let offset = SELF_HEATING;
    /** Measures every so many ms since then; `taken` measurements have been read. */
    let periodic: { readonly everyMs: number; readonly since: number; taken: number } | undefined;
    let singleAt: number | undefined;
    const start = (everyMs: number) => {
      periodic = { everyMs, since: clock.now(), taken: 0 };
      return {};
    };
    /** When the measurement was made that is there to be read. */
    const waiting = (): number | undefined => {
      if (!periodic) return singleAt;
      const done = Math.floor((clock.now() - periodic.since) / periodic.everyMs);
      return done > periodic.taken ? periodic.since + done * periodic.everyMs : undefined;
    };
    const take = () => {
      const at = waiting();
      if (at === undefined) return {};
      singleAt = undefined;
      if (periodic) periodic.taken = Math.floor((clock.now() - periodic.since) / periodic.everyMs);
      const temperature = world.value("temperature", at) + SELF_HEATING - offset;
      return words(
        rawOf(world.value("co2", at), 16),
        rawOf(((temperature + 45) * 65535) / 175, 16),
        rawOf((world.value("humidity", at) * 65535) / 100, 16),
      );
    };
    return commandModel(clock, (command, args) => {
      const word = args.length < 3 ? 0 : (args[0]! << 8) | args[1]!;
      if (args.length >= 3 && sensirionCrc(args.subarray(0, 2)) !== args[2]) return undefined;
      switch (command) {
        case 0x3f86: // stop_periodic_measurement
          periodic = undefined;
          return { afterMs: 500 };
        case 0xe4b8: // get_data_ready_status
          return words(waiting() === undefined ? 0x8000 : 0x8006);
        case 0xec05: // read_measurement
          return take();
        case 0xe000: // set_ambient_pressure
          return {};
      }
      // While it measures it takes no other command.
      if (periodic) return undefined;
      switch (command) {
        case 0x202f: // get_sensor_variant
          return words(0x1440);
        case 0x241d: // set_temperature_offset
          offset = (word * 175) / 65535;
          return { afterMs: 1 };
        case 0x2427: // set_sensor_altitude
        case 0x2416: // set_automatic_self_calibration_enabled
          return { afterMs: 1 };
        case 0x21b1: // start_periodic_measurement
          return start(5000);
        case 0x21ac: // start_low_power_periodic_measurement
          return start(30_000);
        case 0x219d: // measure_single_shot
          singleAt = clock.now() + 5000;
          return { afterMs: 5000 };
        default:
          return undefined;
      }
    });
  },
});
