export type { AutoRegistration } from "./admission";
export * from "./device";
export { Enricher, type EnrichField } from "./enrich";
export type { ImportProblem } from "./import-row";
export { Intake, type IntakeOptions } from "./intake";
export { checkQuery, type DeviceFilter, type DevicePage, type DeviceQuery, type DeviceSort } from "./list";
export type { RegistryOptions } from "./options";
export { Registry, type StatusCounts } from "./registry";
export {
  type Existing,
  exportDevices,
  type ImportOptions,
  type ImportResult,
  importDevices,
  type TransferFormat,
} from "./transfer";
