export * from "./accountant";
export * from "./budget";
export * from "./clip";
export * from "./gaussian";
export * from "./laplace";
export * from "./ledger";
export * from "./mechanism";
export { type RandomBits, secureBits } from "./random";
