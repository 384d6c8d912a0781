import { constant, rawOf, spiModel } from "../bus/simulated";

const half = { unit: "V", curve: constant(1.65), noise: 0.001, wander: { amount: 0.5, period: 600 } };

export const mcp3208Model = spiModel({
  quantities: {
    ...{ input0: half, input1: half, input2: half, input3: half },
    ...{ input4: half, input5: half, input6: half, input7: half },
  },
  create: (world, { options }) => {
    const reference = Number(options?.reference ?? 3.3);
    return {
      // Figure 6-1. What comes in before the null bit is undefined: here ones.
      exchange([start = 0, select = 0]) {
        if ((start & 0xfe) !== 0x06) return Uint8Array.of(0xff, 0xff, 0xff);
        const input = INPUTS[((start & 1) << 2) | (select >> 6)]!;
        const raw = rawOf((world.value(input) / reference) * 4096, 12);
        return Uint8Array.of(0xff, 0xe0 | (raw >> 8), raw & 0xff);
      },
    };
  },
});

const INPUTS = ["input0", "input1", "input2", "input3", "input4", "input5", "input6", "input7"] as const;
