import { constant, i2cModel, rawOf, wordRegisterModel } from "../bus/simulated";

/** Conversion times by their bits, ms, and averages by theirs (tables 7-4 to 7-6). */
const MS = [0.14, 0.204, 0.332, 0.588, 1.1, 2.116, 4.156, 8.244];
const AVERAGES = [1, 4, 16, 64, 128, 256, 512, 1024];

export const ina226Model = i2cModel({
  quantities: {
    voltage: { unit: "V", curve: constant(12), noise: 0.005, wander: { amount: 0.3, period: 1800 } },
    current: { unit: "A", curve: constant(0.4), noise: 0.002, wander: { amount: 0.2, period: 600 } },
  },
  create: (world, { options }) => {
    const shunt = Number(options?.shunt ?? 0.1);
    const registers = new Uint16Array(256);
    const powerOn = () => {
      registers.fill(0);
      registers[0x00] = 0x4127;
      registers[0xfe] = 0x5449;
      registers[0xff] = 0x2260;
    };
    powerOn();
    let doneAt = Number.POSITIVE_INFINITY;
    const finish = () => {
      if (world.clock.now() < doneAt) return;
      doneAt = Number.POSITIVE_INFINITY;
      const drop = Math.max(-32768, Math.min(32767, Math.round((world.value("current") * shunt) / 2.5e-6)));
      const volts = rawOf(world.value("voltage") / 0.00125, 15);
      // 6.5.1, equations 3 and 4: Current = Shunt * Calibration / 2048, Power = Current * Bus / 20000.
      const current = Math.trunc((drop * registers[0x05]!) / 2048);
      const power = Math.round((Math.abs(current) * volts) / 20000);
      registers.set([drop, volts, power, current], 0x01);
      registers[0x06] = 0x0008 | (Math.abs(current) > 32767 || power > 65535 ? 0x0004 : 0);
    };
    return wordRegisterModel({
      read(register) {
        finish();
        return registers[register]!;
      },
      write(register, value) {
        if (register === 0x05) registers[0x05] = value & 0x7fff;
        if (register !== 0x00) return;
        if (value & 0x8000) return powerOn();
        registers[0x00] = value;
        registers[0x06]! &= ~0x0008;
        doneAt = world.clock.now() + AVERAGES[(value >> 9) & 7]! * (MS[(value >> 6) & 7]! + MS[(value >> 3) & 7]!);
      },
    });
  },
});
