export type { BlendDocument, TogetherDocument } from "./blend";
export { loadPredictor } from "./load";
export type { NetworkDocument } from "./network/document";
export type { TreesDocument } from "./trees";
