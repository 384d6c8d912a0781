export * from "./accountant";
export * from "./clip";
export * from "./gaussian";
export * from "./laplace";
export { type RandomBits, secureBits } from "./random";
