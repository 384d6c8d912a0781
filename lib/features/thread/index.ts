export * from "./analysis-thread";
export * from "./request";
