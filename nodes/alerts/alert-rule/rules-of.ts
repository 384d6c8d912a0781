import type { ConfigOf } from "../../../kit/node-schema";
// Module by module, because the dialog bundles this too: the rest of lib/alert needs Node.
import { type AlertRule, type CompiledRule, compileRule } from "../../../lib/alert/rule";
import { parseSimpleRules } from "../../../lib/alert/simple";
import type { schema } from "./schema";

type Config = ConfigOf<typeof schema>;

/**
 * The rules that a dialog describes.
 * @throws RuleError naming the field
 */
export function rulesOf(config: Config, id: string, name: string): CompiledRule[] {
  return parsedRules(config, id, name).map(({ compiled }) => compiled);
}

/** The same, each with what it was made of. */
export function parsedRules(config: Config, id: string, name: string): { rule: AlertRule; compiled: CompiledRule }[] {
  const shared = sharedSettings(config);
  const rules = config.mode === "json" ? parseSimpleRules(config.rules, id) : [tableRule(config, id, name)];
  return rules.map((rule) => ({ rule, compiled: compileRule({ ...shared, ...rule }) }));
}

function sharedSettings(config: Config): Partial<AlertRule> {
  return {
    onDelay: config.onDelay * 1000,
    offDelay: config.offDelay * 1000,
    repeat: { count: config.repeatCount, window: config.repeatWindow * 1000 },
    noData: config.noData ? { after: config.noDataAfter * 1000, severity: config.noDataSeverity } : undefined,
    latch: config.latch,
    quality: config.quality,
    includeHistorical: config.historical,
    clearMessage: config.clearMessage,
  };
}

function tableRule(config: Config, id: string, name: string): AlertRule {
  return {
    id,
    name,
    limits: config.limits.map(({ op, value, severity, deadband }) => ({
      op,
      value: limitValue(value),
      severity,
      deadband,
    })),
    devices: config.devices,
    sensors: config.sensors,
    labels: Object.fromEntries(config.labels.map((label) => [label.name, label.value])),
    message: config.message,
  };
}

/** A cell of the table holds text: a number or boolean where it reads as one. */
function limitValue(cell: string): number | boolean | string {
  const text = cell.trim();
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text !== "" && Number.isFinite(number) ? number : text;
}
