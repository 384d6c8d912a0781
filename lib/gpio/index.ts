export type * from "./contract";
export * from "./create";
export * from "./debounce";
export * from "./presets";
export * from "./pulses";
export * from "./state";
export * from "./wiring";
