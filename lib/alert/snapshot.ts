import type { ReadingValue } from "../reading";
import type { Alert, AlertSink, Announced, Occurrence } from "./alert";
import type { AlertCondition, AlertEvent, AlertView } from "./event";
import type { LimitSnapshot } from "./limit-state";
import type { CompiledRule } from "./rule";
import { Series } from "./series";

/** A series' state as it is saved: JSON-compatible, and enough to go on as if nothing had happened. */
export interface SeriesSnapshot {
  readonly deviceId: string;
  readonly sensor: string;
  readonly unit: string;
  readonly value: ReadingValue;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly time: number;
  readonly heardAt: number;
  readonly clock?: number;
  /** Wall clock when this was saved: what passes until the restore is the gateway's absence. */
  readonly savedAt: number;
  readonly limitsFingerprint: string;
  readonly limits: readonly LimitSnapshot[];
  readonly alerts: readonly AlertSnapshot[];
}

interface AlertSnapshot {
  readonly condition: AlertCondition;
  readonly current?: Occurrence;
  readonly announced?: Announced;
  readonly recovering: boolean;
  readonly shelvedUntil: number;
  readonly suppressedBy?: string;
  readonly outOfService: boolean;
  /** What the outside takes as standing: all that is needed to take it back when the rule is gone. */
  readonly told?: AlertView;
}

/** What has to be saved of a series; undefined when a fresh one would do as well. */
export function snapshotOf(series: Series, now: number): SeriesSnapshot | undefined {
  const alerts = series.alerts.filter((alert) => alert.isLive);
  const watchesSilence = series.rule.noDataAfter < Number.POSITIVE_INFINITY;
  if (!series.busy && alerts.length === 0 && !watchesSilence) return undefined;
  const { deviceId, sensor, unit, value, metadata, time, heardAt } = series;
  return {
    ...{ deviceId, sensor, unit, value, metadata, time, heardAt },
    clock: Number.isFinite(series.clock) ? series.clock : undefined,
    savedAt: now,
    limitsFingerprint: series.rule.limitsFingerprint,
    limits: series.limits.map((limit) => limit.snapshot()),
    alerts: alerts.map(snapshotOfAlert),
  };
}

function snapshotOfAlert(alert: Alert): AlertSnapshot {
  const { condition, current, announced, recovering, shelvedUntil, suppressedBy, outOfService } = alert;
  const told = announced && alert.view();
  return { condition, current, announced, recovering, shelvedUntil, suppressedBy, outOfService, told };
}

/** The end of alerts that no rule watches any more, because the rule or its filter was changed. */
export function orphaned(saved: SeriesSnapshot, now: number): AlertEvent[] {
  return saved.alerts.flatMap(({ told }) =>
    told ? [{ ...told, event: "cleared" as const, timestamp: now, state: "NORMAL" as const, flags: [] }] : [],
  );
}

/**
 * Brings a series back. When the rule's limits have changed meanwhile, the alert goes on if the last value still meets
 * one of them, and is cleared if not.
 * @throws Error when the snapshot cannot be read
 */
export function restoreSeries(
  rule: CompiledRule,
  key: string,
  saved: SeriesSnapshot,
  now: number,
  sink: AlertSink,
): Series {
  const { time, heardAt, savedAt } = saved;
  if (![time, heardAt, savedAt].every(Number.isFinite)) throw new Error("the saved state has no times");
  const absence = Math.max(0, now - savedAt);
  const series = new Series(rule, key, saved, time, heardAt + absence);
  series.pause = absence;
  series.clock = saved.clock ?? Number.NEGATIVE_INFINITY;
  series.value = saved.value;
  series.metadata = saved.metadata;
  for (const alert of saved.alerts) restoreAlert(series.alert(alert.condition), alert);
  const isSameRule = saved.limitsFingerprint === rule.limitsFingerprint;
  if (isSameRule && saved.limits.length > 0) {
    series.openLimits();
    for (const [index, limit] of saved.limits.entries()) series.limits[index]?.restore(limit);
  }
  if (!isSameRule) reconsider(series, sink);
  if (rule.noDataAfter === Number.POSITIVE_INFINITY) series.noDataAlert?.update(undefined, series.time, false, sink);
  return series;
}

function restoreAlert(alert: Alert, saved: AlertSnapshot): void {
  const { current, announced } = saved;
  alert.recovering = saved.recovering;
  alert.shelvedUntil = saved.shelvedUntil;
  alert.suppressedBy = saved.suppressedBy;
  alert.outOfService = saved.outOfService;
  alert.current = current && { ...current };
  if (!announced) return;
  // What was announced is the present occurrence or an earlier one; identity tells which, and JSON loses it.
  const isCurrent = alert.current?.id === announced.occurrence.id;
  alert.announced = { ...announced, occurrence: isCurrent ? (alert.current as Occurrence) : announced.occurrence };
}

/** Judges the last value by the rule's new limits, without delays: what stood has waited already. */
function reconsider(series: Series, sink: AlertSink): void {
  const alert = series.limitAlert;
  if (!alert?.stands) return;
  series.openLimits();
  for (const limit of series.limits) {
    limit.observe(series.value, series.time);
    limit.active = limit.met;
  }
  alert.recovering = false;
  alert.update(series.worst?.limit, Math.max(series.clock, series.time), series.rule.latch, sink);
}
