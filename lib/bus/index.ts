export * from "./clock";
export type * from "./contract";
export * from "./error";
export * from "./shared";
