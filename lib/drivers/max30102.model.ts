import { constant, i2cModel, registerModel } from "../bus/simulated";
import { SampleFifo } from "./core/sample-fifo";

const RATES = [50, 100, 200, 400, 800, 1000, 1600, 3200];
const DEPTH = 32;

/** `finger` is 1 while one is on the sensor. The values are those of a healthy adult at rest. */
export const max30102Model = i2cModel({
  quantities: {
    heartRate: { unit: "/min", curve: constant(68), wander: { amount: 6, period: 120 } },
    spo2: { unit: "%", curve: constant(97.5), wander: { amount: 0.8, period: 300 }, max: 100 },
    strength: { unit: "%", curve: constant(1.2), wander: { amount: 0.3, period: 200 } },
    finger: { unit: "1", curve: constant(1) },
    noise: { unit: "1", curve: constant(0), noise: 8 },
  },
  create: (world) => {
    const fifo = new SampleFifo(world.clock, DEPTH, "stop");
    let popped = 0;
    let position = 0;
    let sample: Uint8Array = new Uint8Array(6);
    let phase = 0;
    let phaseAt = 0;
    const beat = (at: number): number => {
      const elapsed = Math.max(0, Math.min(10_000, at - phaseAt));
      phase = (phase + (elapsed / 60_000) * world.value("heartRate", at)) % 1;
      phaseAt = at;
      return systole(phase);
    };
    const measure = (at: number, current: number): Uint8Array => {
      const pulse = (world.value("strength", at) / 100) * beat(at);
      const light = world.value("finger", at) > 0.5 ? (current * 0.2) / 7.2 : 0;
      const red = 95_000 * light * (1 - ratioOf(world.value("spo2", at)) * pulse);
      const infrared = 120_000 * light * (1 - pulse);
      // Noise is a new one every 10 ms: two moments apart enough differ.
      return Uint8Array.of(
        ...three(red + world.value("noise", at)),
        ...three(infrared + world.value("noise", at + 5000)),
      );
    };
    return registerModel({
      powerOn: { 254: 0x03, 255: 0x15 },
      next: (register) => (register === 0x07 ? register : register + 1),
      onRead: (register, registers) => {
        if (register === 0x04) return (popped + fifo.count) % DEPTH;
        if (register === 0x05) return fifo.hasOverrun ? 0x1f : 0;
        if (register === 0x06) return popped % DEPTH;
        if (register !== 0x07) return undefined;
        if (position === 0 && fifo.oldest !== undefined) sample = measure(fifo.oldest, registers[0x0d]!);
        const byte = sample[position]!;
        position = (position + 1) % 6;
        if (position === 0 && fifo.count > 0) {
          fifo.drop();
          fifo.clearOverrun();
          popped += 1;
        }
        return byte;
      },
      onWrite: (register, value, registers) => {
        if (register === 0xff || register === 0xfe) return false;
        registers[register] = value;
        if (register === 0x09 && value & 0x40) registers.fill(0, 0, 0x40);
        if (register === 0x06 || register === 0x09) {
          const averaged = 2 ** Math.min(5, registers[0x08]! >> 5);
          const isOn = (registers[0x09]! & 0x87) === 0x03;
          fifo.restart(isOn ? RATES[(registers[0x0a]! >> 2) & 7]! / averaged : 0);
          popped = 0;
          position = 0;
        }
        return register === 0x09 ? (value & 0x40) === 0 : undefined;
      },
    });
  },
});

/** A systolic and a dicrotic wave, 1 high. */
function systole(phase: number): number {
  const bump = (at: number, width: number) => {
    const distance = Math.min(Math.abs(phase - at), 1 - Math.abs(phase - at));
    return Math.exp(-((distance / width) ** 2) / 2);
  };
  return bump(0.22, 0.085) + 0.3 * bump(0.55, 0.12);
}

/** Maxim AN6845 the other way round: the ratio of ratios at a saturation in %. */
function ratioOf(spo2: number): number {
  const [a, b, c] = [1.5958422, -34.6596622, 112.6898759];
  return (-b - Math.sqrt(b * b - 4 * a * (c - spo2))) / (2 * a);
}

function three(counts: number): number[] {
  const whole = Math.max(0, Math.min(0x3ffff, Math.round(counts)));
  return [whole >> 16, (whole >> 8) & 0xff, whole & 0xff];
}
