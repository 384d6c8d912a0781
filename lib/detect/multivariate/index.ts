export * from "./create";
export { DeviceDetector, type DeviceDetectorOptions } from "./device-detector";
export type { RowDetector, RowVerdict } from "./row-detector";
