import { modbusModel } from "./core/modbus.model";
import { soil } from "./sn3002.model";

export const jxbs3001Model = modbusModel(soil, {
  moisture: { register: 0x12, step: 0.1 },
  temperature: { register: 0x13, step: 0.1, kind: "signed" },
  conductivity: { register: 0x15, step: 1 },
  ph: { register: 0x06, step: 0.01 },
  nitrogen: { register: 0x1e, step: 1 },
  phosphorus: { register: 0x1f, step: 1 },
  potassium: { register: 0x20, step: 1 },
});
