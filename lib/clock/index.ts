export * from "./device-clock";
export * from "./lately-heard";
