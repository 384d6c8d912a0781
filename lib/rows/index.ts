export * from "./row";
export * from "./row-assembler";
export * from "./row-troubles";
export * from "./row-watch";
