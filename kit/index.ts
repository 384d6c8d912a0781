export { ConfigError, NodeContext } from "./context";
export {
  type AdminRoute,
  type Behaviour,
  defineNode,
  type NodeModule,
  type NodeOptions,
  type Refuse,
  RefusedError,
  TextAnswer,
} from "./define-node";
export { Metrics, type MetricsSnapshot, metricsOfNodes } from "./metrics";
export type { ConfigOf, CredentialsOf } from "./node-schema";
export { type Outputs, type PortOutput, Ports, ports, Several, several } from "./outputs";
export { PerSeries, type Snapshotted } from "./per-series";
export type { AdminRequest, NodeMessage, Red } from "./red";
