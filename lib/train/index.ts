export * from "./cross-validation";
export * from "./data";
export * from "./gbdt";
export type { LossName } from "./losses";
export * from "./metrics";
export * from "./network";
export * from "./preprocess";
export { type Random, seededRandom } from "./random";
