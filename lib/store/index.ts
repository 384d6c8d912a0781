export type * from "./contract";
export { StoreError, type StoreErrorCode, storeError } from "./errors";
export { IN_MEMORY, type SyncMode } from "./file";
export { openStore, Store, type StoreOptions, type StoreSize, type Upkeep } from "./store";
