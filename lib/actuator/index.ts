export * from "./control";
export * from "./guard";
export * from "./reading";
export * from "./rules";
export * from "./value";
