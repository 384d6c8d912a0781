import { daily, i2cModel, rawOf, registerModel } from "../bus/simulated";

/** `stopped` is 1 for a clock whose battery was empty. It goes right otherwise, and is in UTC. */
export const ds3231Model = i2cModel({
  quantities: {
    temperature: { unit: "Cel", curve: daily(24, 4), noise: 0.05 },
    stopped: { unit: "1", curve: { kind: "constant", value: 0 } },
  },
  create: (world) => {
    let doneAt = Number.POSITIVE_INFINITY;
    return registerModel({
      powerOn: { 14: 0x1c, 15: 0x08 },
      onRead: (register, registers) => {
        if (register === 0x00) registers.set(timekeeping(new Date(world.clock.now())));
        if (register === 0x0f) registers[0x0f] = (registers[0x0f]! & 0x7b) | (world.value("stopped") > 0.5 ? 0x80 : 0);
        if (world.clock.now() >= doneAt) {
          doneAt = Number.POSITIVE_INFINITY;
          const raw = rawOf(world.value("temperature") * 4, 10, "signed") << 6;
          registers.set([raw >> 8, raw & 0xff], 0x11);
          registers[0x0e]! &= ~0x20;
        }
        return undefined;
      },
      onWrite: (register, value) => {
        if (register === 0x0e && value & 0x20) doneAt = world.clock.now() + 125;
        return register !== 0x11 && register !== 0x12;
      },
    });
  },
});

/** Figure 1: seconds, minutes, hours, day of the week, date, month with century, year. */
function timekeeping(now: Date): number[] {
  const year = now.getUTCFullYear() - 2000;
  const century = year >= 100 ? 0x80 : 0;
  return [
    bcd(now.getUTCSeconds()),
    bcd(now.getUTCMinutes()),
    bcd(now.getUTCHours()),
    now.getUTCDay() + 1,
    bcd(now.getUTCDate()),
    bcd(now.getUTCMonth() + 1) | century,
    bcd(((year % 100) + 100) % 100),
  ];
}

const bcd = (number: number) => (Math.floor(number / 10) << 4) | (number % 10);
