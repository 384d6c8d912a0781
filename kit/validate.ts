import type { FieldSpec, Fields } from "./fields";

/**
 * The one validator: the runtime and the editor's dialogs both use it, so that a reason reads the same in the log and
 * under the input. It is bundled into the editor: it imports types only.
 */

export interface Problem {
  /** Name of the field, with row and column for tables: "limits[2].value". */
  readonly field: string;
  /** What was wrong and what was expected, in words for the person at the dialog. */
  readonly message: string;
}

export type RawConfig = Readonly<Record<string, unknown>>;

/** True when the field's `when` holds, and that of each field it depends on. */
export function applies(fields: Fields, name: string, values: RawConfig, depth = 0): boolean {
  const when = fields[name]?.when;
  if (!when || depth > 8) return true;
  return Object.entries(when).every(([other, wanted]) => {
    const actual = values[other] ?? fields[other]?.default;
    const holds = Array.isArray(wanted) ? wanted.includes(actual as string) : actual === wanted;
    return holds && (fields[other] === undefined || applies(fields, other, values, depth + 1));
  });
}

/** Parses a whole configuration. Fields that do not apply get their defaults and are not judged. */
export function parseConfig(fields: Fields, raw: RawConfig): { values: Record<string, unknown>; problems: Problem[] } {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, field] of Object.entries(fields)) {
    const given = applies(fields, name, raw) ? raw[name] : undefined;
    const parsed = parseValue(field, given ?? field.default, given !== undefined || applies(fields, name, raw));
    values[name] = parsed.value;
    for (const problem of parsed.problems) problems.push({ field: name + problem.field, message: problem.message });
  }
  return { values, problems };
}

/** The first thing wrong with a field's value, or undefined. What is left to an environment variable is not judged. */
export function problemWith(field: FieldSpec, value: unknown): string | undefined {
  if (typeof value === "string" && /^\$\{[^}]+\}$/.test(value)) return undefined;
  const [first] = parseValue(field, value ?? field.default, true).problems;
  if (!first) return undefined;
  return first.field ? `${placeInTable(first.field, field.columns ?? {})}: ${first.message}` : first.message;
}

/** "[1].value" in the words of the dialog: "row 2, Limit". */
function placeInTable(path: string, columns: Fields): string {
  const [, row, column] = /^\[(\d+)\](?:\.(\w+))?/.exec(path) ?? [];
  if (row === undefined) return path;
  const label = column === undefined ? "" : `, ${columns[column]?.label ?? column}`;
  return `row ${Number(row) + 1}${label}`;
}

interface Parsed {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

const valid = (value: unknown): Parsed => ({ value, problems: [] });
const wrong = (field: FieldSpec, message: string): Parsed => ({
  value: field.default,
  problems: [{ field: "", message }],
});

function parseValue(field: FieldSpec, value: unknown, judged: boolean): Parsed {
  const parsed = parseKind(field, value);
  return judged ? parsed : valid(parsed.problems.length > 0 ? field.default : parsed.value);
}

function parseKind(field: FieldSpec, value: unknown): Parsed {
  switch (field.kind) {
    case "integer":
    case "number":
      return parseNumber(field, value);
    case "flag":
      return typeof value === "boolean" ? valid(value) : parseFlagText(field, value);
    case "choice":
      return typeof value === "string" && Object.hasOwn(field.options ?? {}, value)
        ? valid(value)
        : wrong(field, `expected one of ${Object.keys(field.options ?? {}).join(", ")}, got ${show(value)}`);
    case "choices":
      return parseChoices(field, value);
    case "strings":
      return parseStrings(field, value);
    case "rows":
      return parseRows(field, value);
    case "link":
      if (typeof value !== "string") return wrong(field, `expected a config node, got ${show(value)}`);
      return value === "" && field.required ? wrong(field, "none is chosen: choose one or add one") : valid(value);
    default:
      return parseText(field, value);
  }
}

/** Environment variables arrive as text: "true" and "false" are what they say. */
function parseFlagText(field: FieldSpec, value: unknown): Parsed {
  if (value === "true" || value === "false") return valid(value === "true");
  return wrong(field, `expected yes or no, got ${show(value)}`);
}

function parseNumber(field: FieldSpec, value: unknown): Parsed {
  if (value === "" || value === null || value === undefined) {
    return field.required === false ? valid(undefined) : wrong(field, `expected ${numberExpected(field)}, got nothing`);
  }
  const number = typeof value === "string" ? Number(value.trim() || Number.NaN) : value;
  const whole = field.kind !== "integer" || Number.isInteger(number);
  const min = field.min ?? Number.NEGATIVE_INFINITY;
  const max = field.max ?? Number.POSITIVE_INFINITY;
  if (typeof number === "number" && Number.isFinite(number) && whole && number >= min && number <= max)
    return valid(number);
  return wrong(field, `expected ${numberExpected(field)}, got ${show(value)}`);
}

function numberExpected(field: FieldSpec): string {
  const noun = field.kind === "integer" ? "a whole number" : "a number";
  const unit = field.unit ? ` ${field.unit}` : "";
  if (field.min !== undefined && field.max !== undefined) return `${noun} from ${field.min} to ${field.max}${unit}`;
  if (field.min !== undefined) return `${noun} of at least ${field.min}${unit}`;
  if (field.max !== undefined) return `${noun} of at most ${field.max}${unit}`;
  return noun;
}

function parseText(field: FieldSpec, value: unknown): Parsed {
  if (typeof value === "number" || typeof value === "boolean") return parseText(field, String(value));
  if (typeof value !== "string") return wrong(field, `expected text, got ${show(value)}`);
  if (value.trim() === "") return field.required ? wrong(field, "must not be empty") : valid(value);
  if (field.maxLength !== undefined && value.length > field.maxLength) {
    return wrong(field, `expected at most ${field.maxLength} characters, got ${value.length}`);
  }
  if (field.pattern !== undefined && !new RegExp(field.pattern, "u").test(value)) {
    return wrong(field, `${field.patternReason ?? `expected text like ${field.pattern}`}, got ${show(value)}`);
  }
  if (field.kind === "code" && field.language === "json") {
    try {
      JSON.parse(value);
    } catch (error) {
      return wrong(field, `is not JSON: ${error instanceof Error ? error.message : error}`);
    }
  }
  return valid(value);
}

function parseChoices(field: FieldSpec, value: unknown): Parsed {
  const list = typeof value === "string" ? splitList(value) : value;
  const known = Object.keys(field.options ?? {});
  if (!Array.isArray(list) || !list.every((item) => known.includes(item))) {
    return wrong(field, `expected some of ${known.join(", ")}, got ${show(value)}`);
  }
  return field.required && list.length === 0 ? wrong(field, "choose at least one") : valid([...list]);
}

function parseStrings(field: FieldSpec, value: unknown): Parsed {
  const list = typeof value === "string" ? splitList(value) : value;
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) {
    return wrong(field, `expected texts with commas between them, got ${show(value)}`);
  }
  if (field.required && list.length === 0) return wrong(field, "must not be empty");
  const { each } = field;
  for (const item of each ? list : []) {
    const [problem] = parseNumber({ ...field, ...each, required: true }, item).problems;
    if (problem) return wrong(field, problem.message);
  }
  const [again] = field.different ? repeated(list.map((item) => (each ? Number(item) : item))) : [];
  return again ? wrong(field, `expected each once, got ${show(list[again.index])} twice`) : valid([...list]);
}

/** What is equal to something before it. */
function* repeated(values: readonly unknown[]): Generator<{ readonly index: number; readonly first: number }> {
  for (const [index, value] of values.entries()) {
    const first = values.indexOf(value);
    if (first < index) yield { index, first };
  }
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function parseRows(field: FieldSpec, value: unknown): Parsed {
  if (!Array.isArray(value)) return wrong(field, `expected a table, got ${show(value)}`);
  if (field.required && value.length === 0) return wrong(field, "add at least one row");
  const problems: Problem[] = [];
  const parsed = value.map((row: unknown, index) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      problems.push({ field: `[${index}]`, message: `expected a row, got ${show(row)}` });
      return {};
    }
    const result = parseConfig(field.columns ?? {}, row as RawConfig);
    for (const problem of result.problems)
      problems.push({ field: `[${index}].${problem.field}`, message: problem.message });
    return result.values;
  });
  // What is wrong by itself has its default here, which says nothing beside others.
  const isWrong = (index: number): boolean => problems.some((problem) => problem.field.startsWith(`[${index}]`));
  const between = [...problemsBetween(field, parsed)].filter(({ index }) => !isWrong(index));
  for (const { index, column, message } of between) problems.push({ field: `[${index}].${column}`, message });
  return { value: parsed, problems };
}

interface CellProblem {
  readonly index: number;
  readonly column: string;
  readonly message: string;
}

/** What is wrong with rows or their columns only beside others. */
function* problemsBetween({ different, rising }: FieldSpec, rows: readonly RawConfig[]): Generator<CellProblem> {
  const names = typeof different === "string" ? rows.map((row) => row[different]) : [];
  for (const { index, first } of repeated(names)) {
    const message = `expected another one than in row ${first + 1}, got ${show(names[index])}`;
    yield { index, column: different as string, message };
  }
  if (!rising) return;
  const [lower, upper] = rising;
  for (const [index, { [lower]: low, [upper]: high }] of rows.entries()) {
    if (typeof low !== "number" || typeof high !== "number" || high > low) continue;
    yield { index, column: upper, message: `expected more than ${low}, got ${high}` };
  }
}

function show(value: unknown): string {
  if (typeof value === "string") return `"${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : String(value);
}
