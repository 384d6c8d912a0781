export { type Bundle, isBundle, packBundle, unpackBundle } from "./bundle";
export type {
  InferenceService,
  ModelListener,
  ModelsService,
  ModelUse,
  QueuePolicy,
  Request,
  UseOptions,
} from "./contract";
export { InferenceClosedError, QueueFullError } from "./errors";
export type { ModelDescription } from "./import";
export { Inference, type InferenceOptions, type InUse } from "./inference";
export { type Percentiles, RecentLatency } from "./latency";
export { Models } from "./models";
export type { Inspected, LoadedInfo, Runtime } from "./protocol";
export { mayPass, Retries } from "./retries";
export type { Standin } from "./standin";
export * from "./tensor";
