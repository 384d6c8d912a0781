export * from "./age";
export * from "./device-life";
export * from "./estimate";
export * from "./extrapolation";
export * from "./report";
export type { Shape } from "./shapes";
export * from "./similarity";
export type { Run } from "./trajectory";
