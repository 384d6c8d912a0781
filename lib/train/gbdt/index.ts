export { TREES_DEFAULTS, type TreesOptions } from "./options";
export { type TrainedTrees, trainTrees } from "./train";
