export { ISOLATION_DEFAULTS, type IsolationOptions, trainIsolation } from "./isolation";
export { SUBSPACE_DEFAULTS, type SubspaceOptions, trainSubspace } from "./subspace";
