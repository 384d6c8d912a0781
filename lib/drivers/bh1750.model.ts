import { daylight, i2cModel, Nack, rawOf } from "../bus/simulated";

export const bh1750Model = i2cModel({
  quantities: { illuminance: { unit: "lx", curve: daylight(40_000), noise: 2, min: 0.5 } },
  create: (world) => {
    let isOn = false;
    let time = 69;
    let result = 0;
    let running: { readonly readyAt: number; readonly take: () => number } | undefined;
    /** "Instruction Set Architecture": one-time modes, the typical time that they take, and their counts per lux. */
    const begin = (typicalMs: number, perLux: number) => {
      const counts = () => rawOf(world.value("illuminance") * 1.2 * perLux * (time / 69), 16);
      running = { readyAt: world.clock.now() + (typicalMs * time) / 69, take: counts };
    };
    return {
      write([code]) {
        if (code === undefined) return;
        if (code === 0x00) isOn = false;
        else if (code === 0x01) isOn = true;
        else if (code === 0x20) begin(120, 1);
        else if (code === 0x21) begin(120, 2);
        else if (code === 0x23) begin(16, 1);
        else if ((code & 0xf8) === 0x40) time = ((code & 0x07) << 5) | (time & 0x1f);
        else if ((code & 0xe0) === 0x60) time = (time & 0xe0) | (code & 0x1f);
        else if (code === 0x07 && isOn) result = 0;
        else throw new Nack("unknown instruction");
      },
      read(length) {
        // Until a measurement is complete the register holds the one before.
        if (running && world.clock.now() >= running.readyAt) {
          result = running.take();
          running = undefined;
        }
        return Uint8Array.from({ length }, (_, index) => (index % 2 ? result & 0xff : result >> 8));
      },
    };
  },
});
