export * from "./bus";
export * from "./contract";
export * from "./part";
export * from "./recording";
export * from "./registers";
export * from "./world";
