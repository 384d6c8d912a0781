import { constant, rawOf, serialModel, type World } from "../bus/simulated";

const dust = { noise: 0.5, min: 0, wander: { amount: 4, period: 1800 } };
const count = { unit: "/dL", noise: 2, min: 0 };

export const pms5003Model = serialModel({
  quantities: {
    pm1: { ...dust, unit: "ug/m3", curve: constant(8) },
    "pm2.5": { ...dust, unit: "ug/m3", curve: constant(12) },
    pm10: { ...dust, unit: "ug/m3", curve: constant(15) },
    "particles0.3": { ...count, curve: constant(1700) },
    "particles0.5": { ...count, curve: constant(480) },
    particles1: { ...count, curve: constant(80) },
    "particles2.5": { ...count, curve: constant(9) },
    particles5: { ...count, curve: constant(3) },
    particles10: { ...count, curve: constant(1) },
  },
  create: (world) => {
    let isAwake = true;
    return {
      // Appendix I: 200 to 800 ms when the air changes, 2.3 s when it does not.
      speaks: { everyMs: 800, message: () => (isAwake ? packet(world) : undefined) },
      answer(bytes) {
        // Appendix II, command E4: 0 sleeps, 1 wakes.
        if (bytes[2] === 0xe4) isAwake = bytes[4] === 1;
        return undefined;
      },
    };
  },
});

const MASS = ["pm1", "pm2.5", "pm10"] as const;
const COUNTS = [
  ...(["particles0.3", "particles0.5", "particles1"] as const),
  ...(["particles2.5", "particles5", "particles10"] as const),
];
type Quantity = (typeof MASS)[number] | (typeof COUNTS)[number];

function packet(world: World<Quantity>): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(32));
  bytes.setUint32(0, 0x42_4d_00_1c);
  for (const [index, quantity] of MASS.entries()) {
    const raw = rawOf(world.value(quantity), 16);
    // In dense smoke the atmospheric figure is about two thirds of the industrial one.
    bytes.setUint16(4 + 2 * index, Math.min(65_535, raw < 30 ? raw : Math.round(raw * 1.5)));
    bytes.setUint16(10 + 2 * index, raw);
  }
  for (const [index, quantity] of COUNTS.entries()) bytes.setUint16(16 + 2 * index, rawOf(world.value(quantity), 16));
  bytes.setUint8(28, 0x97);
  let sum = 0;
  for (let index = 0; index < 30; index++) sum += bytes.getUint8(index);
  bytes.setUint16(30, sum);
  return new Uint8Array(bytes.buffer);
}
