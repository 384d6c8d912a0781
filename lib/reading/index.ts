export * from "./check";
export * from "./from-message";
export * from "./reading";
export * from "./series-key";
export * from "./series-map";
