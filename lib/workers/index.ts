export * from "./errors";
export * from "./serve";
export * from "./worker-host";
