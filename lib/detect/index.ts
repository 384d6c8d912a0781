export * from "./create";
export * from "./detector";
export * from "./history-baseline";
export * from "./options";
export * from "./series-detector";
export * from "./severity";
export * from "./tail";
export * from "./z-score";
