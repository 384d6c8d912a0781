export type { DeadLetter } from "./dead-letters";
export { deliver, type Rejected, type Write } from "./deliver";
export { GroupCommit } from "./group-commit";
export {
  type Entry,
  type Group,
  Outbox,
  OutboxFullError,
  type OutboxLimits,
} from "./outbox";
export { Sender, type SenderHooks, type SenderOptions, type SenderState, type Written } from "./sender";
export type { OutboxCounts } from "./totals";
export { WriteError, type WriteErrorDetails, type WriteFailure } from "./write-error";
