import {
  i2cModel,
  type RegisterBehaviour,
  rawOf,
  registerModel,
  spiModel,
  spiRegisterModel,
  type World,
} from "../bus/simulated";
import { SampleFifo } from "./core/sample-fifo";

const AXES = ["acceleration.x", "acceleration.y", "acceleration.z"] as const;

/** A machine that turns at 25 Hz, on a floor. */
const quantities = {
  "acceleration.x": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.8, period: 0.04 }, noise: 0.05 },
  "acceleration.y": { unit: "m/s2", curve: { kind: "sine", mean: 0, amplitude: 0.5, period: 0.02 }, noise: 0.05 },
  "acceleration.z": { unit: "m/s2", curve: { kind: "constant", value: 9.81 }, noise: 0.05 },
} as const;

export const adxl345Model = i2cModel({ quantities, create: (world) => registerModel(behaviour(world)) });

export const adxl345SpiModel = spiModel({
  quantities,
  // Figure 38: bit 7 reads, bit 6 goes on to the next register.
  create: (world) => spiRegisterModel(behaviour(world), { readBit: 0x80, addressMask: 0x3f }),
});

function behaviour(world: World<(typeof AXES)[number]>): RegisterBehaviour {
  const latest = new SampleFifo(world.clock, 1);
  const fifo = new SampleFifo(world.clock, 32);
  const sample = (at: number, format: number, code: number): number[] => {
    const range = 2 << (format & 3);
    // Table 1: 256 steps per g at full resolution, else ten bits over the range.
    const [bits, steps] = format & 0x08 ? [10 + (format & 3), 256] : [10, 512 / range];
    return AXES.flatMap((axis) => {
      const end = 2 ** (bits - 1);
      const raw = Math.max(-end, Math.min(end - 1, Math.round((world.value(axis, at) / 9.80665) * steps)));
      // "Data formatting of upper data rates": at 1600 Hz and more the lowest bit is always 0.
      const word = rawOf(format & 0x08 && code >= 14 ? raw & ~1 : raw, 16, "signed");
      return [word & 0xff, word >> 8];
    });
  };
  const isStream = (registers: Uint8Array) => registers[0x38]! >> 6 === 2;
  return {
    powerOn: { 0: 0xe5, 44: 0x0a, 48: 0x02 },
    onRead: (register, registers) => {
      const buffer = isStream(registers) ? fifo : latest;
      if (register === 0x30) {
        const watermark = fifo.count >= (registers[0x38]! & 0x1f) ? 0x02 : 0;
        return (buffer.count > 0 ? 0x80 : 0) | watermark | (buffer.hasOverrun ? 0x01 : 0);
      }
      if (register === 0x39) return isStream(registers) ? fifo.count : 0;
      if (register === 0x32) {
        registers.set(sample(buffer.oldest ?? buffer.newest, registers[0x31]!, registers[0x2c]! & 0x0f), 0x32);
        buffer.drop();
        buffer.clearOverrun();
      }
      return undefined;
    },
    onWrite: (register, value, registers) => {
      registers[register] = value;
      const rate = registers[0x2d]! & 0x08 ? 3200 / 2 ** (15 - (registers[0x2c]! & 0x0f)) : 0;
      if (register === 0x2c || register === 0x2d) latest.restart(rate);
      if (register === 0x2c || register === 0x2d || register === 0x38) fifo.restart(rate);
      return undefined;
    },
  };
}
