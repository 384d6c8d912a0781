export * from "./create";
export * from "./detector";
export * from "./series-detector";
export * from "./tail";
export * from "./z-score";
