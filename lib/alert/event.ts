import { createHash } from "node:crypto";
import type { ReadingValue, Severity } from "../reading";
import type { Limit } from "./limit";

/**
 * ISA-18.2 states. PENDING: a limit is met and its on delay runs. RECOVERING: no limit is met any more and the off delay
 * runs. RETURNED_UNACKED: back to normal, but latched until acknowledged.
 */
export type AlertState = "NORMAL" | "PENDING" | "ACTIVE" | "ACTIVE_ACKED" | "RECOVERING" | "RETURNED_UNACKED";

/** What silences an alert while it goes on being evaluated. */
export type AlertFlag = "SHELVED" | "SUPPRESSED" | "OUT_OF_SERVICE";

export type AlertEventType =
  | "raised"
  | "changed"
  | "acknowledged"
  | "cleared"
  | "shelved"
  | "unshelved"
  | "suppressed"
  | "unsuppressed"
  | "outOfService"
  | "backInService";

/** What an alert is about: the value's limits, or the silence of the series. */
export type AlertCondition = "limit" | "noData";

/** An alert as it stands, whether or not anything has just happened to it. */
export interface AlertView {
  /** sha256 of the sorted labels: the same alert has the same id for ever, on every gateway. */
  readonly id: string;
  /** One raising of the alert, from raised to cleared. */
  readonly occurrenceId?: string;
  readonly rule: string;
  readonly ruleId: string;
  readonly condition: AlertCondition;
  readonly deviceId: string;
  readonly sensor: string;
  readonly state: AlertState;
  readonly flags: readonly AlertFlag[];
  readonly severity: Severity;
  readonly value: ReadingValue;
  /** UCUM code of the value. */
  readonly unit: string;
  /** The worst limit that is active. */
  readonly limit?: Limit;
  readonly message: string;
  /** When this occurrence was raised, ms since the epoch, in the readings' time. */
  readonly since?: number;
  readonly acknowledgedBy?: string;
  readonly acknowledgedAt?: number;
  readonly comment?: string;
  readonly shelvedUntil?: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that happened to an alert. Raised and cleared strictly alternate for one id. */
export interface AlertEvent extends AlertView {
  readonly event: AlertEventType;
  /** When it happened: the readings' time, or the wall clock for what a person did. */
  readonly timestamp: number;
  /** What the last event of this occurrence said. */
  readonly previous?: { readonly state: AlertState; readonly severity: Severity };
  /** Who did it, for events that a person caused. */
  readonly by?: string;
}

/**
 * The fingerprint of a label set (Prometheus' term): sha256, in hex, of the JSON array of its [name, value] pairs sorted by
 * name, compared by code unit.
 */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}
