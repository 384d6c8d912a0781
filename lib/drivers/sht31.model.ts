import { commandModel, daily, i2cModel, rawOf, wordsWithCrc } from "../bus/simulated";
import { sensirionCrc } from "./core";

/** Status after power-up: an alert is pending, and the part was reset (SHT3x datasheet, table 18). */
const STATUS = 0x8010;

export const sht31Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02, wander: { amount: 1, period: 3600 } },
    humidity: { unit: "%", curve: daily(55, -15), noise: 0.1, min: 0, max: 100 },
  },
  create: (world) =>
    commandModel(world.clock, (command) => {
      switch (command) {
        case 0x2400: // table 9: single shot, high repeatability, no clock stretching
          return { afterMs: 15, bytes: () => measurement(world.value("temperature"), world.value("humidity")) };
        case 0x30a2: // 4.9: soft reset
          return { afterMs: 1 };
        case 0xf32d: // 4.11
          return { bytes: () => wordsWithCrc(sensirionCrc, STATUS) };
        default:
          return undefined;
      }
    }),
});

/** Section 4.13 the other way round. */
function measurement(temperature: number, humidity: number): Uint8Array {
  const rawTemperature = rawOf(((temperature + 45) * 65535) / 175, 16);
  const rawHumidity = rawOf((humidity * 65535) / 100, 16);
  return wordsWithCrc(sensirionCrc, rawTemperature, rawHumidity);
}
