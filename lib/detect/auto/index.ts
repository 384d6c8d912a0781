export * from "./create";
