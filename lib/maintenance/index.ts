export * from "./device-maintenance";
export * from "./features";
export * from "./score";
export type { Missing, QuantityRange, WeekOptions } from "./seven-days";
export * from "./week";
