export * from "./data";
export * from "./gbdt";
export type { LossName } from "./losses";
export * from "./network";
export { type Random, seededRandom } from "./random";
