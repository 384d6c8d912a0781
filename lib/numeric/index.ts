export * from "./limits";
export * from "./running-moments";
export * from "./sliding-moments";
export * from "./sorted-window";
export * from "./state";
export * from "./usable";
