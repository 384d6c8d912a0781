export { NETWORK_DEFAULTS, type NetworkLayer, type NetworkOptions } from "./options";
export { type TrainedNetwork, trainNetwork } from "./train";
