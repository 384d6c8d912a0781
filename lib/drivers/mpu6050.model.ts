import { daily, i2cModel, rawOf, registerModel } from "../bus/simulated";

const ACCELERATION = ["acceleration.x", "acceleration.y", "acceleration.z"] as const;
const ROTATION = ["rotation.x", "rotation.y", "rotation.z"] as const;
const DEPTH = 1024;

/** A machine that turns at 25 Hz, on a floor. */
export const mpu6050Model = i2cModel({
  quantities: {
    "acceleration.x": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.8, period: 0.04 }, noise: 0.05 },
    "acceleration.y": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.5, period: 0.02 }, noise: 0.05 },
    "acceleration.z": { unit: "m/s2", curve: { kind: "constant", value: 9.81 }, noise: 0.05 },
    "rotation.x": { unit: "deg/s", curve: { kind: "sine", mean: 0, amplitude: 2, period: 0.04 }, noise: 0.1 },
    "rotation.y": { unit: "deg/s", curve: { kind: "constant", value: 0 }, noise: 0.1 },
    "rotation.z": { unit: "deg/s", curve: { kind: "constant", value: 0 }, noise: 0.1 },
    temperature: { unit: "Cel", curve: daily(30, 4), noise: 0.05 },
  },
  create: (world) => {
    let isAsleep = true;
    let since = 0;
    let written = 0;
    let bytes: number[] = [];
    const word = (value: number) => {
      const raw = rawOf(value, 16, "signed");
      return [raw >> 8, raw & 0xff];
    };
    const acceleration = (at: number, registers: Uint8Array) => {
      const steps = 16384 / 2 ** ((registers[0x1c]! >> 3) & 3);
      return ACCELERATION.flatMap((axis) => word((world.value(axis, at) / 9.80665) * steps));
    };
    const rotation = (at: number, registers: Uint8Array) => {
      const range = 250 * 2 ** ((registers[0x1b]! >> 3) & 3);
      return ROTATION.flatMap((axis) => word((world.value(axis, at) * 131 * 250) / range));
    };
    /** Every sample since the last time goes into the buffer, whose oldest bytes are pushed out. */
    const fill = (registers: Uint8Array) => {
      const period = registers[0x1a]! & 7 ? 1 + registers[0x19]! : (1 + registers[0x19]!) / 8;
      const due = Math.floor((world.clock.now() - since) / period + 1e-6);
      const isOn = !isAsleep && (registers[0x6a]! & 0x40) !== 0;
      // Of a long time only the end can still be in the buffer.
      written = isOn ? Math.max(written, due - DEPTH) : due;
      while (written < due) {
        written += 1;
        const at = since + written * period;
        if (registers[0x23]! & 0x08) bytes.push(...acceleration(at, registers));
        if ((registers[0x23]! & 0x70) === 0x70) bytes.push(...rotation(at, registers));
      }
      if (bytes.length <= DEPTH) return;
      bytes = bytes.slice(-DEPTH);
      registers[0x3a]! |= 0x10;
    };
    return registerModel({
      powerOn: { 107: 0x40, 117: 0x68 },
      next: (register) => (register === 0x74 ? register : register + 1),
      onRead: (register, registers) => {
        fill(registers);
        const now = world.clock.now();
        if (register === 0x3b && !isAsleep) {
          const temperature = word((world.value("temperature", now) - 36.53) * 340);
          registers.set([...acceleration(now, registers), ...temperature, ...rotation(now, registers)], 0x3b);
        }
        if (register === 0x3a) {
          const status = registers[0x3a]!;
          registers[0x3a] = 0;
          return status | 0x01;
        }
        if (register === 0x72) registers.set([bytes.length >> 8, bytes.length & 0xff], 0x72);
        return register === 0x74 ? (bytes.shift() ?? 0xff) : undefined;
      },
      onWrite: (register, value, registers) => {
        fill(registers);
        if (register === 0x6b && value & 0x80) {
          registers.fill(0);
          registers.set([0x40], 0x6b);
          registers.set([0x68], 0x75);
          isAsleep = true;
          bytes = [];
          return false;
        }
        if (register === 0x6b) isAsleep = (value & 0x40) !== 0;
        if (register === 0x19) {
          since = world.clock.now();
          written = 0;
        }
        if (register === 0x6a && value & 0x04) {
          bytes = [];
          registers[0x6a] = value & ~0x04;
          return false;
        }
        return register !== 0x75;
      },
    });
  },
});
