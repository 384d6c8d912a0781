import { constant, daily, rawOf, spiModel } from "../bus/simulated";

/** `fault` is 1 for an open circuit, 2 for a short to GND, 4 for one to VCC. */
export const max31855Model = spiModel({
  quantities: {
    temperature: { unit: "Cel", curve: constant(180), noise: 0.3, wander: { amount: 15, period: 900 } },
    junction: { unit: "Cel", curve: daily(24, 3), noise: 0.05 },
    fault: { unit: "1", curve: constant(0) },
  },
  create: (world) => ({
    // Table 2.
    exchange: (bytes) => {
      const fault = Math.round(world.value("fault")) & 7;
      const hot = fault ? 0 : rawOf(world.value("temperature") * 4, 14, "signed");
      const cold = rawOf(world.value("junction") * 16, 12, "signed");
      const high = (hot << 2) | (fault ? 1 : 0);
      const low = (cold << 4) | fault;
      const frame = [high >> 8, high & 0xff, low >> 8, low & 0xff];
      return Uint8Array.from(bytes, (_, index) => frame[index] ?? 0);
    },
  }),
});
