import { daily, oneWireModel, rawOf } from "../bus/simulated";
import { maximCrc8 } from "./core";

export const ds18b20Model = oneWireModel({
  quantities: { temperature: { unit: "Cel", curve: daily(18, 4), noise: 0.02 } },
  create: (world) => {
    // Figure 4: 85 °C after power-up, alarms at 75 and 70 °C, 12 bit, reserved bytes.
    const memory = Uint8Array.of(0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10);
    return {
      convert() {
        const raw = rawOf(Math.min(125, Math.max(-55, world.value("temperature"))) * 16, 16, "signed");
        memory.set([raw & 0xff, raw >> 8], 0);
        memory[6] = 0x10 - (raw & 0x0f);
      },
      scratchpad: () => Uint8Array.of(...memory, maximCrc8(memory)),
      write: (bytes) => memory.set(bytes.subarray(0, 3), 2),
    };
  },
});
