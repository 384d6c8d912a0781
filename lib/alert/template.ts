import type { Severity } from "../reading";
import type { Limit } from "./limit";

/** What a message may speak of. */
export interface TemplateValues {
  readonly rule: string;
  readonly deviceId: string;
  readonly sensor: string;
  readonly value: number | boolean | string | null;
  /** UCUM code. */
  readonly unit: string;
  readonly severity: Severity;
  readonly state: string;
  readonly limit?: Limit;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A message with its placeholders found; `render` only looks values up, nothing is ever evaluated. */
export interface Template {
  render(values: TemplateValues): string;
}

const MAX_LENGTH = 4096;
const FIELDS = ["rule", "deviceId", "sensor", "value", "unit", "severity", "state", "limit"] as const;
type Field = (typeof FIELDS)[number];
type Lookup = (values: TemplateValues) => string;
type Part = string | Lookup;

/**
 * Prepares a text with placeholders such as `{{deviceId}}`, `{{value}}`, `{{labels.room}}` (or just `{{room}}`) and
 * `{{metadata.location}}`. Metadata that a reading lacks renders as nothing, or with `{{metadata.name|deviceId}}` as what
 * comes next.
 * @throws Error naming a placeholder that can never have a value, with those that can
 */
export function compileTemplate(text: string, labelNames: readonly string[]): Template {
  if (text.length > MAX_LENGTH) throw new Error(`expected at most ${MAX_LENGTH} characters, got ${text.length}`);
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)) {
    parts.push(text.slice(from, found.index), firstOf(found[1] ?? "", labelNames));
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return {
    render: (values) => {
      const words = parts.map((part) => (typeof part === "string" ? part : part(values))).join("");
      // A value without a unit leaves a blank too many behind.
      return words
        .replace(/ {2,}/g, " ")
        .replace(/ ([,.;:)])/g, "$1")
        .trim();
    },
  };
}

/** `{{metadata.name|deviceId}}`: the first that has something to say. */
function firstOf(names: string, labelNames: readonly string[]): Lookup {
  const lookups = names.split("|").map((name) => placeholder(name.trim(), labelNames));
  const [only] = lookups;
  if (lookups.length === 1 && only) return only;
  return (values) => lookups.map((lookup) => lookup(values)).find((found) => found !== "") ?? "";
}

function placeholder(name: string, labelNames: readonly string[]): Lookup {
  if ((FIELDS as readonly string[]).includes(name)) return field(name as Field);
  const label = name.startsWith("labels.") ? name.slice("labels.".length) : name;
  if (labelNames.includes(label)) return ({ labels }) => labels[label] ?? "";
  if (name.startsWith("metadata.")) {
    const key = name.slice("metadata.".length);
    return ({ metadata }) => (metadata && Object.hasOwn(metadata, key) ? (metadata[key] ?? "") : "");
  }
  const known = [...FIELDS, ...labelNames.map((each) => `labels.${each}`), "metadata.<key>"].join(", ");
  throw new Error(`{{${name}}} is unknown: expected one of ${known}`);
}

function field(name: Field): Lookup {
  switch (name) {
    case "value":
      return ({ value }) => formatValue(value);
    case "unit":
      return ({ unit }) => formatUnit(unit);
    case "limit":
      return ({ limit }) => (limit ? formatLimit(limit) : "");
    default:
      return (values) => values[name];
  }
}

/** "> 38": how people read a limit. */
export function formatLimit(limit: Limit): string {
  return `${limit.op} ${formatValue(limit.value)}`;
}

/** Numbers to 6 significant digits but never fewer than their integer part: what a person can use. */
export function formatValue(value: number | boolean | string | null): string {
  if (value === null) return "unknown";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return String(Math.abs(value) >= 1e5 ? Math.round(value) : Number(value.toPrecision(6)));
}

const SYMBOLS = new Map([
  ["1", ""],
  ["Cel", "°C"],
  ["[degF]", "°F"],
  ["[ppm]", "ppm"],
  ["[pH]", "pH"],
  ["[lb_av]", "lb"],
  ["mm[Hg]", "mmHg"],
  ["um", "µm"],
  ["lx", "lx"],
  ["/min", "/min"],
]);

/** A UCUM code as people write it: "Cel" is °C; annotations such as {count} are left out. */
export function formatUnit(unit: string): string {
  return SYMBOLS.get(unit) ?? unit.replace(/\{[^}]*\}/g, "");
}
