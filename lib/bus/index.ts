export * from "./clock";
export type * from "./contract";
export * from "./error";
export * from "./hub";
export * from "./shared";
export * from "./virtual-clock";
