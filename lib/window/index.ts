export * from "./create";
export * from "./series-window";
export * from "./statistics";
export * from "./summary";
