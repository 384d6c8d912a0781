import { createHash } from "node:crypto";
import type { Fields } from "./fields";
import type { NodeSchema } from "./node-schema";
import { parseConfig } from "./validate";

type Config = Readonly<Record<string, unknown>>;

/**
 * Names what a configuration makes of readings, so that a node does not continue from states that mean something else.
 * Fields that the schema lists as `keepState`, the store, and whatever is at its default are left out: fields that a later
 * version adds do not change it.
 */
export function fingerprintOf(schema: Pick<NodeSchema, "config" | "keepState">, config: Config): string {
  const shaping = Object.entries(schema.config).filter(
    ([name, { to }]) => to !== "gatewise-store" && !schema.keepState.includes(name),
  );
  return hashed(told(Object.fromEntries(shaping), config));
}

/**
 * What packs before called the same configuration, for the states that they saved: all values that they knew, whatever
 * they did.
 * @param stored names of the fields that the flow brings, which are those of the pack that last edited it
 */
export function formerFingerprintsOf(
  { config: fields, formerFields }: Pick<NodeSchema, "config" | "formerFields">,
  config: Config,
  stored: Iterable<string>,
): readonly string[] {
  const known = [Object.keys(fields), [...stored].filter((name) => Object.hasOwn(fields, name)), ...formerFields];
  return known.map((names) => hashed(names.map((name) => [name, config[name]] as const)));
}

/** The values that differ from their defaults, also within the rows of tables. */
function told(fields: Fields, config: Config): [name: string, value: unknown][] {
  const defaults = parseConfig(fields, {}).values;
  return Object.entries(fields)
    .map(([name, { columns }]) => {
      const shortened = (value: unknown): unknown =>
        columns && Array.isArray(value) ? value.map((row) => byName(told(columns, row as Config))) : value;
      return [name, shortened(config[name]), shortened(defaults[name])] as const;
    })
    .filter(([, value, preset]) => JSON.stringify(value) !== JSON.stringify(preset))
    .map(([name, value]) => [name, value]);
}

function byName<T extends readonly [string, unknown]>(entries: readonly T[]): T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}

function hashed(entries: readonly (readonly [string, unknown])[]): string {
  return createHash("sha256")
    .update(JSON.stringify(byName(entries)))
    .digest("hex")
    .slice(0, 16);
}
