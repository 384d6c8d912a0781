import { commandModel, constant, i2cModel, rawOf, wordsWithCrc } from "../bus/simulated";
import { sensirionCrc } from "./core";

const words = (...values: number[]) => wordsWithCrc(sensirionCrc, ...values);

export const sgp30Model = i2cModel({
  quantities: {
    co2: {
      unit: "[ppm]",
      curve: constant(520),
      noise: 4,
      wander: { amount: 150, period: 1800 },
      min: 400,
      max: 60_000,
    },
    tvoc: { unit: "[ppb]", curve: constant(60), noise: 2, wander: { amount: 50, period: 1800 }, min: 0, max: 60_000 },
  },
  create: (world) => {
    const { clock } = world;
    let startedAt: number | undefined;
    /** Equivalent CO2 and TVOC. */
    let baseline = [0, 0];
    const isWarm = () => startedAt !== undefined && clock.now() - startedAt >= 15_000;
    return commandModel(clock, (command, args) => {
      const given = [args.subarray(0, 3), args.subarray(3, 6)].filter((word) => word.length === 3);
      if (given.some((word) => sensirionCrc(word.subarray(0, 2)) !== word[2])) return undefined;
      const [first = 0, second = 0] = given.map(([high, low]) => (high! << 8) | low!);
      // Table 10: typical times.
      switch (command) {
        case 0x2003: // Init_air_quality
          startedAt = clock.now();
          baseline = [0, 0];
          return { afterMs: 2 };
        case 0x2008: // Measure_air_quality
          if (!isWarm()) return { afterMs: 10, bytes: () => words(400, 0) };
          if (baseline[0] === 0) baseline = [0x8973, 0x8aae];
          return { afterMs: 10, bytes: () => words(rawOf(world.value("co2"), 16), rawOf(world.value("tvoc"), 16)) };
        case 0x2015: // Get_baseline
          return { afterMs: 2, bytes: () => words(...baseline) };
        case 0x201e: // Set_baseline
          baseline = [second, first];
          return { afterMs: 2 };
        case 0x2061: // Set_humidity
          return { afterMs: 1 };
        case 0x202f: // Get_feature_set_version
          return { afterMs: 1, bytes: () => words(0x0022) };
        default:
          return undefined;
      }
    });
  },
});
