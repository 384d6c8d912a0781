export * from "./curve";
export * from "./ph";
export * from "./probe";
export * from "./probes";
