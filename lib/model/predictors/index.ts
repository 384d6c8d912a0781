export type { IsolationDocument } from "./anomaly/isolation";
export type { RarityDocument } from "./anomaly/rarity";
export type { SubspaceDocument } from "./anomaly/subspace";
export type { BlendDocument, TogetherDocument } from "./blend";
export { type IntervalDocument, type Margins, marginsAt } from "./interval";
export { loadPredictor } from "./load";
export type { NetworkDocument } from "./network/document";
export type { TreesDocument } from "./trees";
