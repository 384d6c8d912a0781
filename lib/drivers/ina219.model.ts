import { constant, i2cModel, rawOf, wordRegisterModel } from "../bus/simulated";

/** Time of one conversion by ADC bits, ms (table 5). */
const MS: Readonly<Record<number, number>> = { 9: 1.06, 10: 2.13, 11: 4.26, 12: 8.51, 13: 17.02, 14: 34.05, 15: 68.1 };

export const ina219Model = i2cModel({
  quantities: {
    voltage: { unit: "V", curve: constant(12), noise: 0.01, wander: { amount: 0.3, period: 1800 } },
    current: { unit: "A", curve: constant(0.8), noise: 0.005, wander: { amount: 0.4, period: 600 } },
  },
  create: (world, { options }) => {
    const shunt = Number(options?.shunt ?? 0.1);
    const registers = new Uint16Array(6);
    registers[0] = 0x399f;
    let doneAt = Number.POSITIVE_INFINITY;
    const finish = () => {
      if (world.clock.now() < doneAt) return;
      doneAt = Number.POSITIVE_INFINITY;
      const limit = 4000 << ((registers[0]! >> 11) & 3);
      const drop = Math.max(-limit, Math.min(limit, Math.round((world.value("current") * shunt) / 1e-5)));
      const volts = Math.min(registers[0]! & 0x2000 ? 8000 : 4000, rawOf(world.value("voltage") / 0.004, 13));
      // Figure 24: Current = Shunt * Calibration / 4096, Power = Current * Bus / 5000.
      const current = Math.trunc((drop * registers[5]!) / 4096);
      const power = Math.trunc((Math.abs(current) * volts) / 5000);
      const isTooMuch = Math.abs(current) > 32767 || power > 65535;
      registers.set([drop, (volts << 3) | 2 | (isTooMuch ? 1 : 0), power, current], 1);
    };
    return wordRegisterModel({
      read(register) {
        finish();
        const value = registers[register] ?? 0;
        if (register === 3) registers[2]! &= ~2;
        return value;
      },
      write(register, value) {
        if (register === 5) registers[5] = value & 0xfffe;
        if (register !== 0) return;
        registers[0] = value & 0x8000 ? 0x399f : value;
        registers[2]! &= ~2;
        doneAt = world.clock.now() + (MS[(value >> 7) & 15] ?? 0.532) + (MS[(value >> 3) & 15] ?? 0.532);
      },
    });
  },
});
