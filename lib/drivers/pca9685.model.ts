import { i2cModel, registerModel } from "../bus/simulated";

const MODE1 = 0x00;
const LAST_OUTPUT = 0x45;
const ALL = 0xfa;
const PRE_SCALE = 0xfe;

/** The part's registers; what its outputs do with them is `pca9685Level`. */
export const pca9685Model = i2cModel({
  quantities: {},
  create: () => {
    const powerOn: Record<number, number> = { [MODE1]: 0x11, 1: 0x04, [PRE_SCALE]: 0x1e };
    for (let output = 0; output < 16; output++) powerOn[0x09 + 4 * output] = 0x10;
    const part = registerModel({
      powerOn,
      onWrite(register, value, registers) {
        const isAsleep = (registers[MODE1]! & 0x10) !== 0;
        if (register === MODE1) {
          registers[MODE1] = mode1After(registers, value);
          return false;
        }
        if (register === PRE_SCALE) {
          // 7.3.5: not while it runs, and not below 3.
          if (isAsleep) registers[PRE_SCALE] = Math.max(3, value);
          return false;
        }
        if (register >= ALL && register < PRE_SCALE) {
          for (let output = 0; output < 16; output++) registers[0x06 + 4 * output + (register - ALL)] = value & 0x1f;
        }
        if (register >= 0x06 && register <= LAST_OUTPUT) {
          registers[register] = register % 2 === 0 ? value : value & 0x1f;
          return false;
        }
        return true;
      },
      // Table 5: without auto-increment every byte goes to the same register.
      next(register) {
        if (!(part.registers[MODE1]! & 0x20)) return register;
        return register === LAST_OUTPUT ? MODE1 : (register + 1) & 0xff;
      },
    });
    return part;
  },
});

export const pca9685ServoModel = pca9685Model;
export const pca9685MotorModel = pca9685Model;

/** 7.3.1.1: RESTART is set when the part goes to sleep with outputs active, and cleared by writing one to it. */
function mode1After(registers: Uint8Array, value: number): number {
  const before = registers[MODE1]!;
  const goesToSleep = !(before & 0x10) && (value & 0x10) !== 0;
  const isActive = Array.from({ length: 16 }, (_, output) => registers[0x09 + 4 * output]! & 0x10).includes(0);
  const isCleared = (value & 0x90) === 0x80 && !(before & 0x10);
  const restart = isCleared ? 0 : goesToSleep && isActive ? 0x80 : before & 0x80;
  return restart | (value & 0x7f);
}

/** Whether an output is high at a count of the period (7.3.3, figure 9), undefined while the part sleeps. */
export function pca9685Level(registers: Uint8Array, output: number, count: number): boolean | undefined {
  if (registers[MODE1]! & 0x90) return undefined;
  const [onLow, onHigh, offLow, offHigh] = registers.subarray(0x06 + 4 * output, 0x0a + 4 * output);
  if (offHigh! & 0x10) return false;
  if (onHigh! & 0x10) return true;
  const on = ((onHigh! & 0x0f) << 8) | onLow!;
  const off = ((offHigh! & 0x0f) << 8) | offLow!;
  return on <= off ? count >= on && count < off : count >= on || count < off;
}
