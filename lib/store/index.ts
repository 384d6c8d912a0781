export type * from "./contract";
export { StoreError, type StoreErrorCode, storeError } from "./errors";
export { IN_MEMORY, type SyncMode } from "./file";
export type { Upkeep } from "./history/eviction";
export { openStore, Store, type StoreOptions, type StoreSize } from "./store";
