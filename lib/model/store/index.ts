export { type ExpectedFile, readVerified } from "./files";
export { type PublicKey, publicKey } from "./keys";
export { type InstallOptions, ModelStore, type ModelStoreOptions, type StoreProblem } from "./model-store";
export { sign, verify } from "./signed";
