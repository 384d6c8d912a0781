import { daily, type RegisterBehaviour, rawOf, spiModel, spiRegisterModel } from "../bus/simulated";

/** `fault` is what the fault detection cycle finds, as in table 7: 0x20 for an open element. */
export const max31865Model = spiModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(40, 10), noise: 0.02, wander: { amount: 5, period: 1800 } },
    fault: { unit: "1", curve: { kind: "constant", value: 0 } },
  },
  create: (world, { options }) => {
    const reference = Number(options?.reference ?? 430);
    const zero = options?.element === "pt1000" ? 1000 : 100;
    let doneAt = Number.POSITIVE_INFINITY;
    const convert = (registers: Uint8Array) => {
      doneAt = Number.POSITIVE_INFINITY;
      const code = rawOf((zero * callendarVanDusen(world.value("temperature")) * 32768) / reference, 15);
      const word = (code << 1) | (registers[0x07] ? 1 : 0);
      registers.set([word >> 8, word & 0xff], 0x01);
      registers[0x00]! &= ~0x20;
    };
    const behaviour: RegisterBehaviour = {
      powerOn: { 3: [0xff, 0xff] },
      onRead: (register, registers) => {
        if (register <= 0x02 && world.clock.now() >= doneAt) convert(registers);
        return undefined;
      },
      onWrite: (register, value, registers) => {
        if (register !== 0x00) return register >= 0x03 && register <= 0x06;
        if (value & 0x02) registers[0x07] = 0;
        if (value & 0x80 && (value & 0x0c) === 0x04) registers[0x07] = Math.round(world.value("fault")) & 0xfc;
        if (value & 0x80 && value & 0x20) doneAt = world.clock.now() + (value & 1 ? 62.5 : 52);
        registers[0x00] = value & 0xd1; // The bits that begin something clear themselves.
        return false;
      },
    };
    return spiRegisterModel(behaviour, { readBit: 0, writeBit: 0x80 });
  },
});

/** IEC 60751, relative to the resistance at 0 °C. */
function callendarVanDusen(t: number): number {
  const below = t < 0 ? -4.183e-12 * (t - 100) * t * t * t : 0;
  return 1 + 3.9083e-3 * t - 5.775e-7 * t * t + below;
}
