export * from "./device-clock";
