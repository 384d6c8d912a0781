import { daylight, i2cModel, rawOf } from "../bus/simulated";

/** Datasheet, table 1: by the code in the configuration register. */
const GAIN = [1, 2, 1 / 8, 1 / 4];
const INTEGRATION_MS: Readonly<Record<number, number>> = { 0: 100, 1: 200, 2: 400, 3: 800, 8: 50, 12: 25 };

export const veml7700Model = i2cModel({
  quantities: { illuminance: { unit: "lx", curve: daylight(40_000), noise: 0.5, min: 0.3, max: 120_000 } },
  create: (world) => {
    const { clock } = world;
    let pointer = 0;
    const registers = new Uint16Array(8).fill(0);
    registers.set([0x0001], 0);
    registers[7] = 0xc481;
    let since = 0;
    const refresh = () => {
      const configuration = registers[0]!;
      if (configuration & 1) return;
      const ms = INTEGRATION_MS[(configuration >> 6) & 0x0f] ?? 100;
      const done = Math.floor((clock.now() - since - 2.5) / ms);
      if (done < 1) return;
      const gain = GAIN[(configuration >> 11) & 3]!;
      registers[4] = countsOf(world.value("illuminance", since + 2.5 + done * ms), gain, ms);
    };
    return {
      write([register, low, high]) {
        if (register === undefined) return;
        pointer = register & 7;
        if (low === undefined || high === undefined || pointer > 3) return;
        refresh();
        registers[pointer] = (high << 8) | low;
        if (pointer === 0) since = clock.now();
      },
      read(length) {
        refresh();
        const word = registers[pointer]!;
        return Uint8Array.from({ length }, (_, index) => (index % 2 ? word >> 8 : word & 0xff));
      },
    };
  },
});

function countsOf(lux: number, gain: number, ms: number): number {
  const seen = gain < 1 ? uncorrected(lux) : lux;
  return rawOf((seen / 0.0042) * (gain / 2) * (ms / 800), 16);
}

/** What the application note's formula, which rises everywhere, corrects to so much: by halving. */
function uncorrected(lux: number): number {
  let [low, high] = [0, 1.1 * lux];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    const value = 6.0135e-13 * middle ** 4 - 9.3924e-9 * middle ** 3 + 8.1488e-5 * middle ** 2 + 1.0023 * middle;
    if (value < lux) low = middle;
    else high = middle;
  }
  return low;
}
