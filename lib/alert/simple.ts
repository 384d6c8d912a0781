import { describe, isObject, isPrototypeKey } from "../reading";
import type { Limit } from "./limit";
import { type AlertRule, checkSeverity, RuleError } from "./rule";

const MAX_RULES = 1000;
const KNOWN = new Set(["id", "name", "device_ids", "sensor_types", "conditions", "message", "severity", "labels"]);
const CONDITIONS = new Set(["min_value", "max_value", "equals"]);

/**
 * Reads rules in the simple JSON form: one rule, an array of them or `{"rules": [...]}`, each
 * `{device_ids, sensor_types, conditions: {min_value, max_value, equals}, message, severity}`, with `name`, `id` and
 * `labels` optional. A value below min_value, above max_value or equal to `equals` meets the rule.
 * @param id unique in the flow; a rule without an id of its own gets it with its place
 * @throws RuleError with the rule's place and field
 */
export function parseSimpleRules(json: string, id: string): AlertRule[] {
  const parsed = parseJson(json);
  const list = Array.isArray(parsed)
    ? parsed
    : isRecord(parsed) && Array.isArray(parsed.rules)
      ? parsed.rules
      : [parsed];
  if (list.length === 0) throw new RuleError("expected at least one rule");
  if (list.length > MAX_RULES) throw new RuleError(`expected at most ${MAX_RULES} rules, got ${list.length}`);
  const rules = list.map((each: unknown, index) => {
    const at = list.length === 1 ? "rule" : `rules[${index}]`;
    return simpleRule(each, at, list.length === 1 ? id : `${id}:${index}`, id);
  });
  const ids = rules.map((rule) => rule.id);
  const twice = ids.find((each, index) => ids.indexOf(each) !== index);
  if (twice !== undefined) throw new RuleError(`two rules have the id ${describe(twice)}`);
  return rules;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new RuleError(`not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function simpleRule(input: unknown, at: string, ownId: string, prefix: string): AlertRule {
  if (!isRecord(input)) throw new RuleError(`${at}: expected an object, got ${describe(input)}`);
  for (const key of Object.keys(input)) {
    if (!KNOWN.has(key)) throw new RuleError(`${at}.${key}: unknown; expected ${[...KNOWN].join(", ")}`);
  }
  const severity = checkSeverity(`${at}.severity`, input.severity ?? "medium");
  const sensors = names(input.sensor_types, `${at}.sensor_types`);
  const given = typeof input.name === "string" && input.name !== "" ? input.name : undefined;
  return {
    id: typeof input.id === "string" && input.id !== "" ? `${prefix}:${input.id}` : ownId,
    name: given ?? (sensors.length > 0 ? sensors.join(", ").slice(0, 200) : "alert"),
    devices: names(input.device_ids, `${at}.device_ids`),
    sensors,
    limits: conditions(input.conditions, `${at}.conditions`, severity),
    message: text(input.message, `${at}.message`),
    labels: labels(input.labels, `${at}.labels`),
  };
}

function conditions(input: unknown, at: string, severity: Limit["severity"]): Limit[] {
  if (!isRecord(input)) throw new RuleError(`${at}: expected an object, got ${describe(input)}`);
  for (const key of Object.keys(input)) {
    if (!CONDITIONS.has(key)) throw new RuleError(`${at}.${key}: unknown; expected ${[...CONDITIONS].join(", ")}`);
  }
  const { min_value: min, max_value: max, equals } = input;
  const limits: Limit[] = [];
  if (isGiven(min)) limits.push({ op: "<", value: finite(min, `${at}.min_value`), severity });
  if (isGiven(max)) limits.push({ op: ">", value: finite(max, `${at}.max_value`), severity });
  if (isGiven(equals)) limits.push({ op: "==", value: comparable(equals, `${at}.equals`), severity });
  if (limits.length === 0) throw new RuleError(`${at}: expected min_value, max_value or equals`);
  if (isGiven(min) && isGiven(max) && Number(min) > Number(max)) {
    throw new RuleError(`${at}: min_value ${min} is above max_value ${max}`);
  }
  return limits;
}

function names(input: unknown, at: string): string[] {
  if (!isGiven(input)) return [];
  if (Array.isArray(input) && input.every((name) => typeof name === "string" && name !== "")) return input as string[];
  throw new RuleError(`${at}: expected an array of names, got ${describe(input)}`);
}

function labels(input: unknown, at: string): Record<string, string> | undefined {
  if (!isGiven(input)) return undefined;
  if (isRecord(input)) return input as Record<string, string>;
  throw new RuleError(`${at}: expected an object of strings, got ${describe(input)}`);
}

function text(input: unknown, at: string): string | undefined {
  if (!isGiven(input)) return undefined;
  if (typeof input === "string") return input;
  throw new RuleError(`${at}: expected text, got ${describe(input)}`);
}

function finite(input: unknown, at: string): number {
  if (typeof input === "number" && Number.isFinite(input)) return input;
  throw new RuleError(`${at}: expected a number, got ${describe(input)}`);
}

function comparable(input: unknown, at: string): Limit["value"] {
  if (typeof input === "string" || typeof input === "boolean") return input;
  return finite(input, at);
}

function isGiven(input: unknown): boolean {
  return input !== undefined && input !== null;
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return isObject(input) && !Object.keys(input).some(isPrototypeKey);
}
