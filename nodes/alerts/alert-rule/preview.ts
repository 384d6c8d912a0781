import type { Limit } from "../../../lib/alert/limit";
import type { CompiledRule } from "../../../lib/alert/rule";

/** What a rule would say when it is raised, with made-up readings: shown in the dialog. */
export function previewOf(rule: CompiledRule, devices: readonly string[], sensors: readonly string[]): string {
  const [worst] = rule.limits;
  if (!worst) {
    return rule.messages.noData.render({
      ...about(rule, devices, sensors),
      value: null,
      severity: rule.noDataSeverity,
    });
  }
  const { limit, severity } = worst;
  const values = { ...about(rule, devices, sensors), value: valueBeyond(limit), severity, limit };
  return `${severity}: ${rule.messages.raised.render(values)}`;
}

function about(rule: CompiledRule, devices: readonly string[], sensors: readonly string[]) {
  const deviceId = exampleName(devices[0], "pump-1");
  const sensor = exampleName(sensors[0], "temperature");
  return { rule: rule.name, deviceId, sensor, unit: "1", state: "ACTIVE", labels: rule.labels };
}

/** "ward-*" is for names such as ward-1. */
function exampleName(pattern: string | undefined, otherwise: string): string {
  const name = pattern?.trim().replace(/[*?]+/g, "1") ?? "";
  return name === "" || name === "1" ? otherwise : name;
}

/** A value that just meets the limit. */
function valueBeyond({ op, value }: Limit): number | boolean | string {
  if (typeof value === "string") return op === "==" ? value : "something else";
  if (typeof value === "boolean") return op === "==" ? value : !value;
  const step = Math.max(1, Math.abs(value)) / 100;
  switch (op) {
    case ">":
    case "!=":
      return value + step;
    case "<":
      return value - step;
    default:
      return value;
  }
}
