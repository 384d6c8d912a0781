import { commandModel, daily, i2cModel, rawOf, wordsWithCrc } from "../bus/simulated";
import { sensirionCrc } from "./core";

export const sht41Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02, wander: { amount: 1, period: 3600 } },
    humidity: { unit: "%", curve: daily(55, -15), noise: 0.1, min: 0, max: 100 },
  },
  create: (world) => {
    const measured = (afterMs: number) => ({
      afterMs,
      bytes: () => measurement(world.value("temperature"), world.value("humidity")),
    });
    return commandModel(
      world.clock,
      (command) => {
        switch (command) {
          // 3.2: typical times.
          case 0xfd:
            return measured(6.9);
          case 0xf6:
            return measured(3.7);
          case 0xe0:
            return measured(1.3);
          case 0x94: // 4.8: soft reset
            return { afterMs: 1 };
          case 0x89: // 4.7: serial number
            return { bytes: () => wordsWithCrc(sensirionCrc, 0x0f4b, 0x2a17) };
          default:
            return undefined;
        }
      },
      { commandBytes: 1 },
    );
  },
});

/** Section 4.6 the other way round. */
function measurement(temperature: number, humidity: number): Uint8Array {
  const rawTemperature = rawOf(((temperature + 45) * 65535) / 175, 16);
  const rawHumidity = rawOf(((humidity + 6) * 65535) / 125, 16);
  return wordsWithCrc(sensirionCrc, rawTemperature, rawHumidity);
}
