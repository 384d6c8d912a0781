import { constant, rawOf, spiModel } from "../bus/simulated";

/** What was measured when the last conversion ended: it takes 0.17 s, 0.22 s at most. */
const CONVERSION_MS = 220;

/** `open` is 1 for a thermocouple that is not connected. */
export const max6675Model = spiModel({
  quantities: {
    temperature: { unit: "Cel", curve: constant(220), noise: 0.3, wander: { amount: 20, period: 900 } },
    open: { unit: "1", curve: constant(0) },
  },
  create: (world) => {
    let since = Number.NEGATIVE_INFINITY;
    let held = 0;
    return {
      exchange(bytes) {
        const now = world.clock.now();
        if (now - since >= CONVERSION_MS) held = rawOf(world.value("temperature") * 4, 12);
        since = now;
        // Table 1.
        const bits = (held << 3) | (world.value("open") > 0.5 ? 4 : 0);
        return Uint8Array.from(bytes, (_, index) => [bits >> 8, bits & 0xff][index] ?? 0);
      },
    };
  },
});
