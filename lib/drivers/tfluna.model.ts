import { constant, daily, i2cModel, rawOf, registerModel } from "../bus/simulated";

/** Appendix III of the manual. Measuring by itself, it does so 100 times in a second. */
const PERIOD_MS = 10;
/** Distances with less signal than this are given as 0. */
const WEAKEST = 100;
const isSetting = (register: number) => register >= 0x20 && register <= 0x31;

export const tflunaModel = i2cModel({
  quantities: {
    distance: { unit: "mm", curve: constant(2500), noise: 5, wander: { amount: 1500, period: 300 }, min: 0 },
    signal: { unit: "1", curve: constant(1500), noise: 10, min: 0 },
    temperature: { unit: "Cel", curve: daily(38, 5), noise: 0.05 },
  },
  create: (world, { address = 0x10 }) => {
    const bootedAt = world.clock.now();
    let measuresAt = bootedAt + PERIOD_MS;
    const update = (registers: Uint8Array) => {
      const now = world.clock.now();
      if (now < measuresAt) return;
      const isContinuous = registers[0x23] === 0;
      const at = isContinuous ? now - ((now - measuresAt) % PERIOD_MS) : measuresAt;
      measuresAt = isContinuous ? at + PERIOD_MS : Number.POSITIVE_INFINITY;
      const signal = rawOf(world.value("signal"), 16);
      const distance = signal < WEAKEST ? 0 : rawOf(world.value("distance") / 10, 16);
      const temperature = rawOf(world.value("temperature") * 100, 16, "signed");
      const tick = Math.round(at - bootedAt) & 0xffff;
      registers.set(
        [distance, signal, temperature, tick].flatMap((word) => [word & 0xff, word >> 8]),
        0,
      );
    };
    return registerModel({
      powerOn: {
        34: address,
        38: 1000 / PERIOD_MS,
        42: WEAKEST / 10,
        60: [...Buffer.from("LUNA")],
      },
      onRead: (_, registers) => {
        update(registers);
        return undefined;
      },
      onWrite: (register, value, registers) => {
        update(registers);
        if (register === 0x24 && value === 1 && registers[0x23] === 1) measuresAt = world.clock.now() + PERIOD_MS;
        if (register === 0x23 && value === 0) measuresAt = world.clock.now() + PERIOD_MS;
        if (register === 0x23 && value === 1) measuresAt = Number.POSITIVE_INFINITY;
        return isSetting(register) && (register !== 0x23 || value <= 1);
      },
    });
  },
});
