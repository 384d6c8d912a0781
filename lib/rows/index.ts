export * from "./row";
export * from "./row-assembler";
