import { modbusDriver } from "./core";

/** Registers of the manual's table "Register address"; function 3, factory setting 9600 baud, unit 1. */
export const jxbs3001 = modbusDriver({
  name: "JXBS-3001-TR 7-in-1 soil probe",
  maker: "Weihai JXCT",
  measures: "soil moisture, temperature, conductivity, pH, nitrogen, phosphorus, potassium",
  datasheet: "JXCT JXBS-3001-TR 7-in-1 soil sensor user manual, V2.0",
  addresses: [1],
  channels: [
    { sensor: "moisture", unit: "%", register: 0x12, scale: 0.1, range: [0, 100] },
    { sensor: "temperature", unit: "Cel", register: 0x13, type: "s16", scale: 0.1, range: [-40, 80] },
    { sensor: "conductivity", unit: "uS/cm", register: 0x15, range: [0, 10_000] },
    { sensor: "ph", unit: "[pH]", register: 0x06, scale: 0.01, range: [3, 9] },
    { sensor: "nitrogen", unit: "mg/kg", register: 0x1e, range: [0, 1999] },
    { sensor: "phosphorus", unit: "mg/kg", register: 0x1f, range: [0, 1999] },
    { sensor: "potassium", unit: "mg/kg", register: 0x20, range: [0, 1999] },
  ],
});
