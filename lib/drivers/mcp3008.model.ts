import { constant, rawOf, spiModel } from "../bus/simulated";

const half = { unit: "V", curve: constant(1.65), noise: 0.002, wander: { amount: 0.5, period: 600 } };

export const mcp3008Model = spiModel({
  quantities: {
    ...{ input0: half, input1: half, input2: half, input3: half },
    ...{ input4: half, input5: half, input6: half, input7: half },
  },
  create: (world, { options }) => {
    const reference = Number(options?.reference ?? 3.3);
    return {
      // Figure 6-1. What comes in during the first byte, and in the top bits of the second, is undefined: here ones.
      exchange([start, select = 0]) {
        if (start !== 0x01) return Uint8Array.of(0xff, 0xff, 0xff);
        const input = INPUTS[(select >> 4) & 7]!;
        const raw = rawOf((world.value(input) / reference) * 1024, 10);
        return Uint8Array.of(0xff, 0xf8 | (raw >> 8), raw & 0xff);
      },
    };
  },
});

const INPUTS = ["input0", "input1", "input2", "input3", "input4", "input5", "input6", "input7"] as const;
