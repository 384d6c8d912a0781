import type { FieldSpec, Fields, SecretSpec, ValuesOf } from "./fields";

/** The palette's families, in the order of the data's way through a flow. */
export type Family = "sensors" | "protocols" | "process" | "intelligence" | "alerts" | "devices" | "storage" | "domain";

export type Secrets = Readonly<Record<string, SecretSpec>>;
/** Takes a stored configuration of the version before and returns one of this version. */
export type Migration = (stored: Record<string, unknown>) => Record<string, unknown>;

export interface NodeDeclaration<F extends Fields, S extends Secrets> {
  readonly family: Family;
  /** One sentence: what the node is for. Opens its help page and is its tooltip. */
  readonly summary: string;
  /** File name in icons/. Config nodes have none. */
  readonly icon?: string;
  /** Raised by one, with a migration, whenever a stored configuration would be read differently. */
  readonly version: number;
  readonly inputs?: 0 | 1;
  /** One label a port. */
  readonly outputs?: readonly string[];
  readonly config: F;
  readonly credentials?: S;
  /** What `msg.command` may say, and what it does. */
  readonly commands?: Readonly<Record<string, string>>;
  /** Keyed by the version they lead to; one for each version after the first. */
  readonly migrations?: Readonly<Record<number, Migration>>;
  /**
   * For nodes that save states: the fields that do not change what saved states mean. A change of any other makes every
   * series start afresh.
   */
  readonly keepState?: readonly (keyof F & string)[];
  /** All fields that an earlier pack knew, one list a pack whose saved states are still to be taken. */
  readonly formerFields?: readonly (readonly string[])[];
}

export interface NodeSchema<F extends Fields = Fields, S extends Secrets = Secrets> {
  /** "telemetry-in" */
  readonly name: string;
  /** "gatewise-telemetry-in" */
  readonly type: `gatewise-${string}`;
  /** "telemetry in" */
  readonly label: string;
  readonly kind: "node" | "config";
  readonly family: Family;
  readonly summary: string;
  readonly icon?: string;
  readonly version: number;
  readonly inputs: 0 | 1;
  readonly outputs: readonly string[];
  readonly config: F;
  readonly credentials: S;
  readonly commands: Readonly<Record<string, string>>;
  readonly migrations: Readonly<Record<number, Migration>>;
  readonly keepState: readonly string[];
  readonly formerFields: readonly (readonly string[])[];
}

/** The typed configuration that a node of this schema gets. */
export type ConfigOf<N> = N extends NodeSchema<infer F, Secrets> ? ValuesOf<F> : never;
/** The credentials of this schema; what the user left empty is missing. */
export type CredentialsOf<N> = N extends NodeSchema<Fields, infer S> ? { readonly [K in keyof S]?: string } : never;

/** Declares a node of the palette. `name` is also its folder: nodes/<family>/<name>/. */
export function nodeSchema<const F extends Fields, const S extends Secrets = Record<never, never>>(
  name: string,
  declaration: NodeDeclaration<F, S>,
): NodeSchema<F, S> {
  return complete(name, "node", declaration);
}

/** Declares a config node: something that other nodes share, such as a broker or a store. */
export function configSchema<const F extends Fields, const S extends Secrets = Record<never, never>>(
  name: string,
  declaration: Omit<NodeDeclaration<F, S>, "inputs" | "outputs" | "icon">,
): NodeSchema<F, S> {
  return complete(name, "config", declaration);
}

/** What Node-RED keeps in a stored node itself: a field of that name would be taken for it. */
const RESERVED = ["id", "type", "x", "y", "z", "g", "d", "l", "wires", "inputs", "outputs", "name", "version", "users"];

function complete<F extends Fields, S extends Secrets>(
  name: string,
  kind: "node" | "config",
  declaration: NodeDeclaration<F, S>,
): NodeSchema<F, S> {
  const taken = RESERVED.find((field) => Object.hasOwn(declaration.config, field));
  if (taken !== undefined) throw new Error(`${name}: "${taken}" is a property of every node, call the field otherwise`);
  for (let version = 2; version <= declaration.version; version += 1) {
    if (!declaration.migrations?.[version]) throw new Error(`${name}: version ${version} has no migration`);
  }
  return {
    inputs: 0,
    outputs: [],
    commands: {},
    migrations: {},
    keepState: [],
    formerFields: [],
    ...declaration,
    credentials: declaration.credentials ?? ({} as S),
    name,
    type: `gatewise-${name}`,
    label: name.replaceAll("-", " "),
    kind,
  };
}

/**
 * Brings a stored configuration to the schema's version, one migration after the other. A configuration without a
 * version is taken as version 1; one from a newer pack is left as it is and judged by the validation.
 */
export function migrate(schema: NodeSchema, stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const from = Number(stored.version ?? 1);
  let config: Record<string, unknown> = { ...stored };
  for (let version = from + 1; version <= schema.version; version += 1) {
    config = { ...schema.migrations[version]?.(config), version };
  }
  return config;
}

/** JSON Schema (2020-12) of a stored configuration, for tools outside the editor. */
export function jsonSchemaOf(schema: NodeSchema): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: schema.type,
    description: schema.summary,
    ...objectSchema(schema.config),
  };
}

function objectSchema(fields: Fields): Record<string, unknown> {
  const properties = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)]));
  return { type: "object", properties };
}

function fieldSchema(field: FieldSpec): Record<string, unknown> {
  const about = { title: field.label, description: field.hint, default: field.default };
  const options = Object.keys(field.options ?? {});
  switch (field.kind) {
    case "integer":
    case "number": {
      const number = { type: field.kind, minimum: field.min, maximum: field.max };
      const { default: preset, ...rest } = about;
      return field.required === false
        ? clean({ ...rest, anyOf: [clean(number), { const: "" }] })
        : clean({ ...rest, default: preset, ...number });
    }
    case "flag":
      return clean({ ...about, type: "boolean" });
    case "choice":
      return clean({ ...about, enum: options });
    case "choices":
      return clean({ ...about, type: "array", items: { enum: options }, minItems: field.required ? 1 : undefined });
    case "strings":
      return clean({ ...about, type: "array", items: { type: "string" }, minItems: field.required ? 1 : undefined });
    case "rows":
      return clean({
        ...about,
        type: "array",
        items: objectSchema(field.columns ?? {}),
        minItems: field.required ? 1 : undefined,
      });
    default:
      return clean({
        ...about,
        type: "string",
        maxLength: field.maxLength,
        minLength: field.required ? 1 : undefined,
        pattern: field.pattern,
      });
  }
}

function clean(schema: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}
