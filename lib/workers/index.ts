export * from "./errors";
export type { Isolation } from "./executor";
export * from "./serve";
export * from "./worker-host";
