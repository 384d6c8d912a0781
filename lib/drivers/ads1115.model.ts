import { constant, i2cModel, rawOf, wordRegisterModel } from "../bus/simulated";

const FULL_SCALE = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256];
const RATE = [8, 16, 32, 64, 128, 250, 475, 860];
/** Positive and negative input by MUX bits; without the latter against ground. */
const MUX = [[0, 1], [0, 3], [1, 3], [2, 3], [0], [1], [2], [3]];

const volts = (value: number) => ({
  unit: "V",
  curve: constant(value),
  noise: 0.0005,
  wander: { amount: 0.2, period: 600 },
});

export const ads1115Model = i2cModel({
  quantities: { input0: volts(1.2), input1: volts(0.8), input2: volts(2.1), input3: volts(0.4) },
  create: (world) => {
    let config = 0x8583; // 9.6.3: reset
    let result = 0;
    let doneAt = Number.NEGATIVE_INFINITY;
    const finish = () => {
      if (world.clock.now() < doneAt || doneAt === Number.NEGATIVE_INFINITY) return;
      doneAt = Number.NEGATIVE_INFINITY;
      const [plus, minus] = MUX[(config >> 12) & 7]!.map((input) => world.value(INPUTS[input]!));
      result = rawOf(((plus! - (minus ?? 0)) / FULL_SCALE[(config >> 9) & 7]!) * 32768, 16, "signed");
      config |= 0x8000;
    };
    return wordRegisterModel({
      read(register) {
        finish();
        return register === 0 ? result : register === 1 ? config : 0;
      },
      write(register, value) {
        if (register !== 1) return;
        finish();
        config = value & 0x7fff;
        if (value & 0x8000) doneAt = world.clock.now() + 1000 / RATE[(value >> 5) & 7]!;
        else config |= 0x8000;
      },
    });
  },
});

const INPUTS = ["input0", "input1", "input2", "input3"] as const;
