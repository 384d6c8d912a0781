import { type ModbusChannel, modbusDriver } from "./core";

const MAKER = "Puruisenshe, Zhaotaisheng, ComWinTop and others";
const DATASHEET = "SN-3001-TR-*-N01 soil sensor user's manual (RS485), 5.3";

/** 5.3: read with function 3; as delivered 4800 baud and unit 1. */
const THREE: readonly ModbusChannel[] = [
  { sensor: "moisture", unit: "%", register: 0, scale: 0.1, range: [0, 100] },
  { sensor: "temperature", unit: "Cel", register: 1, type: "s16", scale: 0.1, range: [-40, 80] },
  { sensor: "conductivity", unit: "uS/cm", register: 2, range: [0, 20_000] },
];
const FOUR: readonly ModbusChannel[] = [
  ...THREE,
  { sensor: "ph", unit: "[pH]", register: 3, scale: 0.1, range: [3, 9] },
];
/** The manual calls the nutrients "temporary values": the probe estimates them from the conductivity. */
const SEVEN: readonly ModbusChannel[] = [
  ...FOUR,
  { sensor: "nitrogen", unit: "mg/kg", register: 4, range: [0, 2999] },
  { sensor: "phosphorus", unit: "mg/kg", register: 5, range: [0, 2999] },
  { sensor: "potassium", unit: "mg/kg", register: 6, range: [0, 2999] },
];

/** Soil probe with every value; sold under many names with one register map. */
export const sn3002 = modbusDriver({
  name: "SN-3002-TR 7-in-1 soil probe (ZTS-3002, THCPH-S)",
  maker: MAKER,
  measures: "soil moisture, temperature, conductivity, pH, nitrogen, phosphorus, potassium",
  datasheet: DATASHEET,
  addresses: [1],
  channels: SEVEN,
});

export const sn3002Ph = modbusDriver({
  name: "SN-3002-TR-ECTHPH 4-in-1 soil probe",
  maker: MAKER,
  measures: "soil moisture, temperature, conductivity, pH",
  datasheet: DATASHEET,
  addresses: [1],
  channels: FOUR,
});

export const sn3002Ec = modbusDriver({
  name: "SN-3002-TR-ECTH 3-in-1 soil probe",
  maker: MAKER,
  measures: "soil moisture, temperature, conductivity",
  datasheet: DATASHEET,
  addresses: [1],
  channels: THREE,
});
