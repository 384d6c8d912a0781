import type { FieldSpec, Fields } from "../../kit/fields";
import type { NodeSchema } from "../../kit/node-schema";
import { problemWith } from "../../kit/validate";

export type Values = Record<string, unknown>;

/**
 * Sets of values that together change every field of a node at least once, each with the choices on which it depends.
 * Fields that can be changed in one opening of the dialog share a scenario.
 * @param links by type of config node, the id of one that can be chosen
 */
export function scenariosOf(schema: NodeSchema, links: Readonly<Record<string, string>>): Values[] {
  const scenarios: Values[] = [];
  for (const [name, field] of Object.entries(schema.config)) {
    const wanted = { ...conditionsOf(schema.config, name), [name]: otherValue(field, links) };
    const host = scenarios.find((scenario) => agrees(scenario, wanted));
    if (host) Object.assign(host, wanted);
    else scenarios.push(wanted);
  }
  // A field is reached only after the choices it depends on have been made.
  return scenarios.map((scenario) =>
    Object.fromEntries(Object.entries(scenario).sort(([a], [b]) => depth(schema.config, a) - depth(schema.config, b))),
  );
}

/** What other fields must be for this one to apply. */
export function conditionsOf(fields: Fields, name: string): Values {
  const nested: Values = {};
  const own: Values = {};
  for (const [other, wanted] of Object.entries(fields[name]?.when ?? {})) {
    const current = fields[other]?.default;
    const options: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    Object.assign(nested, conditionsOf(fields, other));
    own[other] = options.includes(current) ? current : options[0];
  }
  return { ...nested, ...own };
}

/** Wrong values for every field that can have one, in sets that can be entered at once. */
export function wrongValuesOf(schema: NodeSchema): { conditions: Values; wrong: Values }[] {
  const sets: { conditions: Values; wrong: Values }[] = [];
  for (const [name, field] of Object.entries(schema.config)) {
    const value = wrongValue(field);
    if (value === undefined) continue;
    const conditions = conditionsOf(schema.config, name);
    const host = sets.find((set) => agrees(set.conditions, conditions));
    if (host) {
      Object.assign(host.conditions, conditions);
      host.wrong[name] = value;
    } else sets.push({ conditions, wrong: { [name]: value } });
  }
  return sets;
}

/** A field is reached only after the choices it depends on have been made. */
export function inOrder(fields: Fields, values: Values): Values {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => depth(fields, a) - depth(fields, b)));
}

/** A text that the field must not take, or undefined when it takes everything a person can enter. */
function wrongValue(field: FieldSpec): unknown {
  if (field.kind === "rows" && typeof field.different === "string") return sameRows(field, field.different);
  if (["flag", "choice", "rows", "link"].includes(field.kind)) return undefined;
  const candidates = field.kind === "choices" ? [[]] : ["abc", "", "-1", "1e99", "a#b+c", "{", "x".repeat(2000)];
  return candidates.find((candidate) => problemWith(field, candidate) !== undefined);
}

/** Two rows with the same name. */
function sameRows({ columns = {} }: FieldSpec, name: string): Values[] {
  const row = Object.fromEntries(Object.entries(columns).map(([column, field]) => [column, String(field.default)]));
  return [
    { ...row, [name]: "a" },
    { ...row, [name]: "a" },
  ];
}

function depth(fields: Fields, name: string): number {
  const others = Object.keys(fields[name]?.when ?? {}).filter((other) => other in fields);
  return others.length === 0 ? 0 : 1 + Math.max(...others.map((other) => depth(fields, other)));
}

function agrees(scenario: Values, wanted: Values): boolean {
  return Object.entries(wanted).every(([name, value]) => !(name in scenario) || scenario[name] === value);
}

/** A valid value that is not the default. */
function otherValue(field: FieldSpec, links: Readonly<Record<string, string>>): unknown {
  switch (field.kind) {
    case "flag":
      return field.default !== true;
    case "choice":
      return Object.keys(field.options ?? {}).find((option) => option !== field.default) ?? field.default;
    case "choices": {
      const options = Object.keys(field.options ?? {});
      return [options.at(-1), options[0]]
        .filter((option, index, all) => all.indexOf(option) === index)
        .sort((a, b) => options.indexOf(a ?? "") - options.indexOf(b ?? ""));
    }
    case "link":
      return links[field.to ?? ""] ?? "";
    case "rows":
      return [otherRow(field.columns ?? {}), otherRow(field.columns ?? {})];
    default:
      return firstValid(field);
  }
}

/** Cells that depend on others keep their defaults, so that they are as they would be stored. */
function otherRow(columns: Fields): Values {
  return Object.fromEntries(
    Object.entries(columns).map(([name, field]) => {
      const controls = Object.values(columns).some((other) => other.when && name in other.when);
      return [name, controls || field.when ? field.default : otherValue(field, {})];
    }),
  );
}

const TEXTS = [
  "abc",
  "a, b",
  "a/b/c",
  "12",
  "0.5",
  "127.0.0.1",
  "http://127.0.0.1:1",
  "mqtt://127.0.0.1:1",
  "/tmp/a.csv",
  "/dev/video1",
];
const JSONS = ['{"a":1}', "[]", '[{"a":1}]'];

function firstValid(field: FieldSpec): unknown {
  const number = typeof field.default === "number" ? field.default : (field.min ?? 1);
  const numbers = [number + 1, number - 1, number / 2, field.min, field.max].map(String);
  const isNumber = field.kind === "integer" || field.kind === "number";
  const texts = field.language === "json" ? JSONS : TEXTS;
  const found = (isNumber ? numbers : texts).find(
    (text) => text !== String(field.default) && problemWith(field, text) === undefined,
  );
  if (found === undefined) throw new Error(`${field.label}: no valid value but the default is known to this test`);
  return found;
}
