import { daylight, i2cModel, rawOf } from "../bus/simulated";

/** "AGAIN" as the formula's authors have it, and "ATIME". */
const GAIN = [1, 25, 428, 9876];
/** What daylight through a window has of infrared beside all that the part sees. */
const INFRARED_SHARE = 0.2;

export const tsl2591Model = i2cModel({
  quantities: { illuminance: { unit: "lx", curve: daylight(20_000), noise: 0.5, min: 0.2, max: 60_000 } },
  create: (world) => {
    const { clock } = world;
    let pointer = 0;
    const registers = new Uint8Array(32);
    registers[0x12] = 0x50;
    let since = Number.POSITIVE_INFINITY;
    const refresh = () => {
      const control = registers[1]!;
      const ms = 100 * ((control & 7) + 1);
      const done = Math.floor((clock.now() - since) / ms);
      if (!(done >= 1)) return;
      registers[0x13] = 1;
      const lux = world.value("illuminance", since + done * ms);
      registers.set(counts(lux, ms, GAIN[(control >> 4) & 3]!), 0x14);
    };
    return {
      write([command, ...values]) {
        // Without the command bit nothing is addressed.
        if (command === undefined || (command & 0xe0) !== 0xa0) return;
        pointer = command & 0x1f;
        for (const value of values) {
          refresh();
          if (pointer <= 0x0c) registers[pointer] = value;
          if (pointer === 0x00) {
            registers[0x13] = 0;
            since = (value & 3) === 3 ? clock.now() : Number.POSITIVE_INFINITY;
          }
          pointer += 1;
        }
      },
      read(length) {
        refresh();
        return Uint8Array.from({ length }, (_, index) => registers[(pointer + index) & 0x1f]!);
      },
    };
  },
});

/** The formula the other way round, with a constant share of infrared: lux is full * (1 - share)^2 / counts per lux. */
function counts(lux: number, ms: number, gain: number): number[] {
  const full = (lux * ((ms * gain) / 408)) / (1 - INFRARED_SHARE) ** 2;
  const most = ms === 100 ? 36_863 : 65_535;
  const words = [full, INFRARED_SHARE * full].map((value) => Math.min(most, rawOf(value, 16)));
  return words.flatMap((word) => [word & 0xff, word >> 8]);
}
