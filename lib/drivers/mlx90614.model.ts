import { daily, i2cModel, Nack, rawOf } from "../bus/simulated";
import { smbusPec } from "./core";

const REGISTERS: Readonly<Record<number, "temperature.ambient" | "temperature.object" | "temperature.object2">> = {
  6: "temperature.ambient",
  7: "temperature.object",
  8: "temperature.object2",
};

export const mlx90614Model = i2cModel({
  quantities: {
    "temperature.object": { unit: "Cel", curve: daily(35, 10), noise: 0.1, wander: { amount: 3, period: 900 } },
    "temperature.object2": { unit: "Cel", curve: daily(33, 8), noise: 0.1 },
    "temperature.ambient": { unit: "Cel", curve: daily(22, 4), noise: 0.02 },
  },
  create: (world, { address = 0x5a }) => {
    let command = 0;
    return {
      write([first, ...rest]) {
        if (first === undefined) return;
        if (rest.length > 0 || !REGISTERS[first]) throw new Nack("unknown command");
        command = first;
      },
      read(length) {
        const quantity = REGISTERS[command];
        if (!quantity) throw new Nack("nothing to read");
        // Beyond what it can express the part sets the error flag.
        const steps = (world.value(quantity) + 273.15) * 50;
        const raw = steps > 0x7fff ? 0x8000 : rawOf(steps, 15);
        const word = [raw & 0xff, raw >> 8];
        const pec = smbusPec([address << 1, command, (address << 1) | 1, ...word]);
        return Uint8Array.from({ length }, (_, index) => [...word, pec][index] ?? 0xff);
      },
    };
  },
});
