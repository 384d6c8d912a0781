import { daily, i2cModel, rawOf, registerModel } from "../bus/simulated";

/** Trimming of the datasheet's example (3.12). */
const T = [27504, 26435, -1000] as const;
const P = [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000] as const;
const TRIMMING = [...T, ...P].flatMap((word) => [word & 0xff, (word >> 8) & 0xff]);
const SAMPLES = [0, 1, 2, 4, 8, 16, 16, 16];

export const bmp280Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(20, 5), noise: 0.02 },
    pressure: { unit: "Pa", curve: daily(101_325, 150), noise: 2, wander: { amount: 800, period: 86_400 } },
  },
  create: (world) => {
    let doneAt: number | undefined;
    return registerModel({
      powerOn: { 136: TRIMMING, 208: 0x58, 247: [0x80, 0, 0, 0x80, 0, 0] },
      onRead(register, registers) {
        if (doneAt !== undefined && world.clock.now() >= doneAt) {
          registers.set(measurement(world.value("temperature", doneAt), world.value("pressure", doneAt)), 0xf7);
          registers[0xf4]! &= 0xfc; // 3.6.2: asleep again
          doneAt = undefined;
        }
        return register === 0xf3 ? (doneAt === undefined ? 0 : 0x08) : undefined;
      },
      onWrite(register, value) {
        if (register === 0xf4 && (value & 3) > 0) {
          // Table 13: typical times.
          const samples = SAMPLES[value >> 5]! + SAMPLES[(value >> 2) & 7]!;
          doneAt = world.clock.now() + 1 + 2 * samples + 0.5;
        }
        return register >= 0xf4 && register <= 0xf5;
      },
    });
  },
});

/** The six data registers: the formulas of 8.1, each a quadratic, solved for the raw values. */
function measurement(temperature: number, pressure: number): Uint8Array {
  const fine = temperature * 5120;
  const u20 = (raw: number) => [raw >> 12, (raw >> 4) & 0xff, (raw & 0x0f) << 4];
  return Uint8Array.of(...u20(rawOf(rawPressure(pressure, fine), 20)), ...u20(rawOf(rawTemperature(fine), 20)));
}

function rawTemperature(fine: number): number {
  const [t1, t2, t3] = T;
  const x = (2 * fine) / (t2 + Math.sqrt(t2 ** 2 + (t3 * fine) / 16));
  return (x + t1 / 1024) * 16384;
}

function rawPressure(pascal: number, fine: number): number {
  const [p1, p2, p3, p4, p5, p6, p7, p8, p9] = P;
  const v = fine / 2 - 64_000;
  const gain = p1 * (1 + (p2 * v + (p3 * v ** 2) / 2 ** 19) / 2 ** 34);
  const offset = p4 * 16 + (v * p5) / 2 ** 13 + (v ** 2 * p6) / 2 ** 29;
  const [a, b, c] = [p9 / 2 ** 35, 1 + p8 / 2 ** 19, p7 / 16 - pascal];
  const uncorrected = (-2 * c) / (b + Math.sqrt(b ** 2 - 4 * a * c));
  return 2 ** 20 - offset - (uncorrected * gain) / 6250;
}
