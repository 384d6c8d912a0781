import { describe, isPrototypeKey, type Severity } from "../reading";
import { type CompiledLimit, compileLimit, type Limit } from "./limit";
import { NameFilter } from "./name-filter";
import { compileTemplate, type Template } from "./template";

/** Why a rule cannot be used: which field, what was expected, what was there. */
export class RuleError extends Error {
  override readonly name = "RuleError";
}

/** Which readings count as evidence. "notBad" is the default: a bad reading neither raises nor clears. */
export type QualityPolicy = "notBad" | "goodOnly" | "any";

/**
 * What is watched and when it becomes an alert. All times are milliseconds.
 *
 * The terms are those of ISA-18.2 (deadband, on and off delay, latch), with the name Prometheus gives to the same thing:
 * the on delay is its `for`, the off delay its `keep_firing_for`.
 */
export interface AlertRule {
  /** Stable over restarts and unique in the flow: part of every alert's id. */
  readonly id: string;
  /** For people: the label `alertname`. */
  readonly name: string;
  readonly limits: readonly Limit[];
  /** How long a limit has to be met without a break before it is active. */
  readonly onDelay?: number;
  /** How long an active limit has to be unmet without a break before it is inactive. */
  readonly offDelay?: number;
  /** Besides the on delay: at least `count` readings beyond the limit within `window` ms. A count of 1 asks for nothing more. */
  readonly repeat?: { readonly count: number; readonly window: number };
  /** Raises an alert of its own when a series is silent for `after` ms. */
  readonly noData?: { readonly after: number; readonly severity: Severity; readonly message?: string };
  /** A returned alert stands until somebody has acknowledged it. */
  readonly latch?: boolean;
  readonly quality?: QualityPolicy;
  /** Readings marked `historical` are evaluated like live ones. */
  readonly includeHistorical?: boolean;
  /** Names or globs (`*`, `?`); empty for all. */
  readonly devices?: readonly string[];
  readonly sensors?: readonly string[];
  /** Added to the alert's labels, and so to its id. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Templates of the message when the alert is raised or changes, and when it is cleared. */
  readonly message?: string;
  readonly clearMessage?: string;
}

/** A rule that has been checked, with everything computed that does not depend on a reading. */
export interface CompiledRule {
  readonly id: string;
  readonly name: string;
  /** The worst severity first. */
  readonly limits: readonly CompiledLimit[];
  readonly onDelay: number;
  readonly offDelay: number;
  readonly repeat?: { readonly count: number; readonly window: number };
  /** Infinity when silence is not watched. */
  readonly noDataAfter: number;
  readonly noDataSeverity: Severity;
  readonly latch: boolean;
  readonly quality: QualityPolicy;
  readonly includeHistorical: boolean;
  readonly devices: NameFilter;
  readonly sensors: NameFilter;
  readonly labels: Readonly<Record<string, string>>;
  readonly messages: {
    readonly raised: Template;
    readonly cleared: Template;
    readonly noData: Template;
    readonly dataBack: Template;
  };
  /** Names what the state of a limit means: a state saved under another one is not continued. */
  readonly limitsFingerprint: string;
}

/** Worst last, so that a higher rank is a worse severity. */
const SEVERITIES: readonly Severity[] = ["info", "low", "medium", "high", "critical"];

/** 0 for info to 4 for critical. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** Limits of one rule at most: each costs a comparison a reading. */
export const MAX_LIMITS = 16;
const MAX_REPEAT = 1000;
const MAX_LABELS = 32;
const YEAR_MS = 366 * 86_400_000;
const RESERVED_LABELS = new Set(["alertname", "rule", "deviceId", "sensor", "condition"]);

const DEFAULT_MESSAGE = "{{deviceId}} {{sensor}} is {{value}} {{unit}} ({{limit}})";
const DEFAULT_CLEAR = "{{deviceId}} {{sensor}} is back at {{value}} {{unit}}";
const DEFAULT_NO_DATA = "{{deviceId}} {{sensor}} sends no data";
const DEFAULT_DATA_BACK = "{{deviceId}} {{sensor}} sends data again";

/**
 * Checks a rule and prepares it for evaluation.
 * @throws RuleError naming the field, what was expected and what was there
 */
export function compileRule(rule: AlertRule): CompiledRule {
  const limits = checkLimits(rule);
  const labels = checkLabels(rule.labels ?? {});
  const onDelay = checkTime("onDelay", rule.onDelay ?? 0, 0);
  const offDelay = checkTime("offDelay", rule.offDelay ?? 0, 0);
  const { repeat } = rule;
  if (repeat) {
    if (!Number.isInteger(repeat.count) || repeat.count < 1 || repeat.count > MAX_REPEAT) {
      throw new RuleError(`repeat.count: expected 1 to ${MAX_REPEAT}, got ${describe(repeat.count)}`);
    }
    checkTime("repeat.window", repeat.window, 1);
  }
  const labelNames = Object.keys(labels);
  const template = (field: string, text: string) => named(field, () => compileTemplate(text, labelNames));
  return {
    id: checkText("id", rule.id),
    name: checkText("name", rule.name),
    limits,
    onDelay,
    offDelay,
    ...(repeat && repeat.count > 1 ? { repeat } : {}),
    noDataAfter: rule.noData ? checkTime("noData.after", rule.noData.after, 1) : Number.POSITIVE_INFINITY,
    noDataSeverity: rule.noData ? checkSeverity("noData.severity", rule.noData.severity) : "medium",
    latch: rule.latch === true,
    quality: rule.quality ?? "notBad",
    includeHistorical: rule.includeHistorical === true,
    devices: named("devices", () => new NameFilter(rule.devices ?? [])),
    sensors: named("sensors", () => new NameFilter(rule.sensors ?? [])),
    labels,
    messages: {
      raised: template("message", rule.message || DEFAULT_MESSAGE),
      cleared: template("clearMessage", rule.clearMessage || DEFAULT_CLEAR),
      noData: template("noData.message", rule.noData?.message || DEFAULT_NO_DATA),
      dataBack: template("clearMessage", DEFAULT_DATA_BACK),
    },
    limitsFingerprint: JSON.stringify([
      limits.map(({ limit }) => [limit.op, limit.value, limit.deadband ?? 0]),
      repeat ?? 0,
    ]),
  };
}

function checkLimits(rule: AlertRule): CompiledLimit[] {
  if (rule.limits.length > MAX_LIMITS)
    throw new RuleError(`limits: expected at most ${MAX_LIMITS}, got ${rule.limits.length}`);
  if (rule.limits.length === 0 && !rule.noData)
    throw new RuleError("limits: expected at least one limit, or a no-data time");
  const compiled = rule.limits.map((limit, index) => {
    checkSeverity(`limits[${index}].severity`, limit.severity);
    return named(`limits[${index}]`, () => compileLimit(limit));
  });
  return compiled.sort((a, b) => severityRank(b.severity) - severityRank(a.severity));
}

function checkLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw new RuleError(`labels: expected at most ${MAX_LABELS}, got ${entries.length}`);
  const checked: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/.test(name) || isPrototypeKey(name)) {
      throw new RuleError(`labels: expected a name of letters, digits and _, got ${describe(name)}`);
    }
    if (RESERVED_LABELS.has(name)) throw new RuleError(`labels: ${name} is set by the rule itself`);
    if (typeof value !== "string" || value.length > 256) {
      throw new RuleError(`labels.${name}: expected at most 256 characters of text, got ${describe(value)}`);
    }
    checked[name] = value;
  }
  return checked;
}

function checkTime(field: string, ms: unknown, min: number): number {
  if (typeof ms === "number" && ms >= min && ms <= YEAR_MS) return ms;
  throw new RuleError(`${field}: expected ${min} to ${YEAR_MS} ms, got ${describe(ms)}`);
}

export function checkSeverity(field: string, severity: unknown): Severity {
  if (SEVERITIES.includes(severity as Severity)) return severity as Severity;
  throw new RuleError(`${field}: expected one of ${SEVERITIES.join(", ")}, got ${describe(severity)}`);
}

function checkText(field: string, text: unknown): string {
  if (typeof text === "string" && text !== "" && text.length <= 256) return text;
  throw new RuleError(`${field}: expected 1 to 256 characters, got ${describe(text)}`);
}

function named<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RuleError(`${field}: ${error instanceof Error ? error.message : error}`);
  }
}
