export type { AlertCondition, AlertEvent, AlertEventType, AlertFlag, AlertState, AlertView } from "./event";
export { fingerprint } from "./event";
export type { Limit, Operator as LimitOperator } from "./limit";
export { AlertStore } from "./persistence";
export * from "./rule";
export { AlertRules, type Operator, type SavedSeries } from "./rules";
export { parseSimpleRules } from "./simple";
export type { SeriesSnapshot } from "./snapshot";
export { parseTarget, type Target, TargetError } from "./target";
