import { describe, isObject } from "../reading";
import type { AlertEvent } from "./event";
import type { AlertRules, Operator } from "./rules";
import { parseTarget, TargetError } from "./target";

const MINUTE_MS = 60_000;
const MAX_SHELVE_MINUTES = 7 * 24 * 60;

/** What an operator can order, as `msg.command` names it. */
export const ALERT_COMMANDS = [
  "acknowledge",
  "shelve",
  "unshelve",
  "suppress",
  "unsuppress",
  "outOfService",
  "backInService",
  "clear",
] as const;

export type AlertCommand = (typeof ALERT_COMMANDS)[number];

/**
 * Does what an operator orders. The payload names the alerts (see parseTarget), who orders it (`by`) and why (`comment`).
 *
 * A payload with the `ruleId` of an alert event is for that rule alone: it may go to every node that has rules, and those
 * that do not have this one leave it. So an event, with `by` added, can be sent back as the order.
 * @throws TargetError when the payload does not say which alerts, or none is meant
 */
export function runCommand(
  rules: AlertRules,
  command: AlertCommand,
  payload: unknown,
  now: number,
): readonly AlertEvent[] {
  if (isObject(payload) && typeof payload.ruleId === "string" && !rules.has(payload.ruleId)) return [];
  const target = parseTarget(payload);
  const who = operatorOf(payload);
  switch (command) {
    case "acknowledge":
      return rules.acknowledge(target, who, now);
    case "shelve":
      return rules.shelve(target, now + minutesOf(payload) * MINUTE_MS, who, now);
    case "unshelve":
      return rules.unshelve(target, who, now);
    case "suppress":
      return rules.suppress(target, who, now);
    case "unsuppress":
      return rules.suppress(target, who, now, false);
    case "outOfService":
      return rules.takeOutOfService(target, who, now);
    case "backInService":
      return rules.takeOutOfService(target, who, now, false);
    case "clear":
      return rules.clear(target, now);
  }
}

function operatorOf(payload: unknown): Operator {
  const { by, comment } = isObject(payload) ? payload : {};
  return { by: shortText("by", by), comment: shortText("comment", comment) };
}

function shortText(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string" && value.length <= 1000) return value;
  throw new TargetError(`${field}: expected at most 1000 characters of text, got ${describe(value)}`);
}

function minutesOf(payload: unknown): number {
  const minutes = isObject(payload) ? payload.minutes : undefined;
  if (typeof minutes === "number" && minutes > 0 && minutes <= MAX_SHELVE_MINUTES) return minutes;
  throw new TargetError(`minutes: expected more than 0 and at most ${MAX_SHELVE_MINUTES}, got ${describe(minutes)}`);
}
