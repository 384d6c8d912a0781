import { daily, i2cModel, rawOf, registerModel } from "../bus/simulated";

/** Registers 0x31 to 0x45 of a real part: the calibration test of the Elixir library bmp3xx. */
const TRIMMING = [
  ...[0x23, 0x6b, 0x58, 0x49, 0xf6, 0x5c, 0xff, 0xce, 0xf4, 0x23, 0x00],
  ...[0xea, 0x63, 0x6e, 0x79, 0xf3, 0xf6, 0xaa, 0x43, 0x12, 0xc4],
];

export const bmp388Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02 },
    pressure: { unit: "Pa", curve: daily(101_325, 150), noise: 1, wander: { amount: 800, period: 86_400 } },
  },
  create: (world) => {
    let doneAt: number | undefined;
    let isFresh = false;
    return registerModel({
      powerOn: { 0: 0x50, 4: [0, 0, 0x80, 0, 0, 0x80], 28: 0x02, 49: TRIMMING },
      onRead(register, registers) {
        if (doneAt !== undefined && world.clock.now() >= doneAt) {
          registers.set(measurement(world.value("temperature", doneAt), world.value("pressure", doneAt)), 0x04);
          registers[0x1b]! &= 0x0f; // 3.3.3: asleep again
          doneAt = undefined;
          isFresh = true;
        }
        if (register === 0x03) return 0x10 | (isFresh ? 0x60 : 0);
        // Register STATUS: the flags are gone when the data was read.
        if (register === 0x04) isFresh = false;
        return undefined;
      },
      onWrite(register, value, registers) {
        if (register === 0x1b && ((value >> 4) & 3) > 0) {
          const [pressure, temperature] = [registers[0x1c]! & 7, (registers[0x1c]! >> 3) & 7];
          doneAt = world.clock.now() + (234 + 392 + 2020 * 2 ** pressure + 163 + 2020 * 2 ** temperature) / 1000; // 3.9.2
        }
        return register >= 0x1b && register <= 0x1f;
      },
    });
  },
});

/** The six data registers: 9.2 is a quadratic; of 9.3, which falls with the raw value, the root is enclosed. */
function measurement(temperature: number, pressure: number): Uint8Array {
  const [t1, t2, t3] = [27427 * 2 ** 8, 18776 / 2 ** 30, -10 / 2 ** 48];
  const rawTemperature = t1 + (2 * temperature) / (t2 + Math.sqrt(t2 ** 2 + 4 * t3 * temperature));
  let [low, high] = [0, 2 ** 24 - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (pascal(middle, temperature) <= pressure) high = middle;
    else low = middle + 1;
  }
  const u24 = (raw: number) => [raw & 0xff, (raw >> 8) & 0xff, raw >> 16];
  return Uint8Array.of(...u24(low), ...u24(rawOf(rawTemperature, 24)));
}

/** Section 9.3 as powers of the raw value, by Horner. */
function pascal(raw: number, t: number): number {
  const constant = 25578 * 8 + t * (31086 / 64 + t * (-13 / 256 + (t * -10) / 2 ** 15));
  const linear = (-164 - 16384) / 2 ** 20 + t * ((-2866 - 16384) / 2 ** 29 + t * (35 / 2 ** 32));
  const square = (17322 + 18 * t) / 2 ** 48;
  return constant + raw * (linear + raw * (square + (raw * -60) / 2 ** 65));
}
