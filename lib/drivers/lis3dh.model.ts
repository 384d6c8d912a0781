import { i2cModel, rawOf, registerModel } from "../bus/simulated";
import { SampleFifo } from "./core/sample-fifo";

const AXES = ["acceleration.x", "acceleration.y", "acceleration.z"] as const;
const RATES = [0, 1, 10, 25, 50, 100, 200, 400, 1600, 1344];
/** g per step of twelve bits, table 4. */
const STEPS = [0.001, 0.002, 0.004, 0.012];

export const lis3dhModel = i2cModel({
  quantities: {
    "acceleration.x": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.8, period: 0.04 }, noise: 0.05 },
    "acceleration.y": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.5, period: 0.02 }, noise: 0.05 },
    "acceleration.z": { unit: "m/s2", curve: { kind: "constant", value: 9.81 }, noise: 0.05 },
  },
  create: (world) => {
    const latest = new SampleFifo(world.clock, 1);
    const fifo = new SampleFifo(world.clock, 32);
    let goesOn = false;
    const isStream = (registers: Uint8Array) => (registers[0x24]! & 0x40) !== 0 && registers[0x2e]! >> 6 === 2;
    const sample = (at: number, control: number) =>
      AXES.flatMap((axis) => {
        const steps = world.value(axis, at) / 9.80665 / STEPS[(control >> 4) & 3]!;
        const word = rawOf(steps, 12, "signed") << 4;
        return [word & 0xf0, word >> 8];
      });
    let isBuffered = false;
    const inner = registerModel({
      powerOn: { 15: 0x33, 32: 0x07 },
      next: (register) => {
        if (!goesOn) return register;
        return isBuffered && register === 0x2d ? 0x28 : register + 1;
      },
      onRead: (register, registers) => {
        isBuffered = isStream(registers);
        const buffer = isBuffered ? fifo : latest;
        if (register === 0x27) return latest.count > 0 ? 0x0f : 0;
        if (register === 0x2f) {
          const isFull = fifo.count === 32;
          return isBuffered ? (isFull ? 0x40 : 0) | (fifo.count === 0 ? 0x20 : 0) | Math.min(31, fifo.count) : 0x20;
        }
        if (register === 0x28) {
          registers.set(sample(buffer.oldest ?? buffer.newest, registers[0x23]!), 0x28);
          buffer.drop();
        }
        return undefined;
      },
      onWrite: (register, value, registers) => {
        registers[register] = value;
        const rate = RATES[registers[0x20]! >> 4] ?? 0;
        if (register === 0x20) latest.restart(rate);
        if (register === 0x20 || register === 0x2e) fifo.restart(rate);
        return register !== 0x0f;
      },
    });
    return {
      // 6.1.1: bit 7 of the register goes on to the next one.
      write([first, ...rest]) {
        if (first === undefined) return;
        goesOn = (first & 0x80) !== 0;
        inner.write(Uint8Array.of(first & 0x7f, ...rest));
      },
      read: (length) => inner.read(length),
    };
  },
});
