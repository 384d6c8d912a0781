export * from "./symmetric-eigen";
