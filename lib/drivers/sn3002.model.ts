import { constant, daily, type Quantity } from "../bus/simulated";
import { modbusModel, type SimulatedRegister } from "./core/modbus.model";

/** Moist loam, drying and warming by day. */
export const soil = {
  moisture: { unit: "%", curve: daily(31, -2), noise: 0.1, min: 0, max: 100 },
  temperature: { unit: "Cel", curve: daily(14, 2), noise: 0.05 },
  conductivity: { unit: "uS/cm", curve: constant(620), noise: 4, min: 0 },
  ph: { unit: "[pH]", curve: constant(6.5), noise: 0.02 },
  nitrogen: { unit: "mg/kg", curve: constant(48), noise: 0.5, min: 0 },
  phosphorus: { unit: "mg/kg", curve: constant(35), noise: 0.5, min: 0 },
  potassium: { unit: "mg/kg", curve: constant(118), noise: 1, min: 0 },
} satisfies Readonly<Record<string, Quantity>>;

/** Manual, 5.3. */
const REGISTERS: Readonly<Record<keyof typeof soil, SimulatedRegister>> = {
  moisture: { register: 0, step: 0.1 },
  temperature: { register: 1, step: 0.1, kind: "signed" },
  conductivity: { register: 2, step: 1 },
  ph: { register: 3, step: 0.1 },
  nitrogen: { register: 4, step: 1 },
  phosphorus: { register: 5, step: 1 },
  potassium: { register: 6, step: 1 },
};

/** A probe that has the registers from the first up to this one. */
function probe(last: keyof typeof soil) {
  const has = (name: keyof typeof soil) => REGISTERS[name].register <= REGISTERS[last].register;
  const names = (Object.keys(soil) as (keyof typeof soil)[]).filter(has);
  const quantities: Record<string, Quantity> = Object.fromEntries(names.map((name) => [name, soil[name]]));
  return modbusModel(quantities, Object.fromEntries(names.map((name) => [name, REGISTERS[name]])));
}

export const sn3002Model = probe("potassium");
export const sn3002PhModel = probe("ph");
export const sn3002EcModel = probe("conductivity");
