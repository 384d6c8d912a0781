/**
 * Fields: what a node can be configured with. A field is plain data, so that one declaration serves the runtime's
 * validation, the editor's dialog, the help page and the JSON Schema. `Field<T>` remembers in the type system what a
 * valid value looks like; nothing of that exists at run time.
 *
 * This module is bundled into the editor too: it imports nothing.
 */

export type FieldKind =
  | "text"
  | "multiline"
  | "integer"
  | "number"
  | "choice"
  | "choices"
  | "flag"
  | "link"
  | "strings"
  | "rows"
  | "code";

/** The field applies only while each named field has the value, or one of the values. */
export type When = Readonly<Record<string, string | boolean | readonly string[]>>;

export interface EachNumber {
  readonly kind: "integer" | "number";
  readonly min?: number;
  readonly max?: number;
}

export interface FieldSpec {
  readonly kind: FieldKind;
  readonly label: string;
  readonly default: unknown;
  /** Shown behind the input: "readings", "ms", "Cel". */
  readonly unit?: string;
  /** One sentence under the input: what it does and when to change it. */
  readonly hint?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly maxLength?: number;
  /** A regular expression the text must match, and what to tell who wrote something else. */
  readonly pattern?: string;
  readonly patternReason?: string;
  readonly options?: Readonly<Record<string, string>>;
  /** For links: the type of the config node. */
  readonly to?: string;
  /** For code: the language of the editor. */
  readonly language?: "jsonata" | "json";
  /** For strings: each of them is a number. */
  readonly each?: EachNumber;
  /** For strings: none is there twice. For rows: the column by which they are told apart. */
  readonly different?: true | string;
  /** For rows: the first of these columns has to be below the second. */
  readonly rising?: readonly [low: string, high: string];
  /** For rows: the columns of the table. */
  readonly columns?: Readonly<Record<string, FieldSpec>>;
  readonly when?: When;
  /** Set by `group`. */
  readonly group?: string;
  /** Set by `group`: the section starts folded. */
  readonly folded?: boolean;
}

declare const valueType: unique symbol;
export type Field<T> = FieldSpec & { readonly [valueType]?: T };
export type Fields = Readonly<Record<string, FieldSpec>>;

/** The type of a valid configuration of these fields. */
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

interface Common {
  readonly hint?: string;
  readonly placeholder?: string;
  readonly when?: When;
}

interface TextOptions extends Common {
  readonly default?: string;
  readonly required?: boolean;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly patternReason?: string;
}

/** One line of text. */
export function text(label: string, options: TextOptions = {}): Field<string> {
  return { kind: "text", label, default: "", ...options };
}

/** Several lines of text, such as a message template. */
export function multiline(label: string, options: TextOptions = {}): Field<string> {
  return { kind: "multiline", label, default: "", ...options };
}

/** An expression or document, edited with syntax colours. JSON is checked when it is written. */
export function code(label: string, options: TextOptions & { readonly language: "jsonata" | "json" }): Field<string> {
  return { kind: "code", label, default: "", ...options };
}

interface NumberOptions extends Common {
  readonly unit?: string;
  readonly min?: number;
  readonly max?: number;
}

/** A whole number. */
export function integer(label: string, options: NumberOptions & { readonly default: number }): Field<number> {
  return { kind: "integer", label, ...options };
}

/** A number with a unit. */
export function quantity(label: string, options: NumberOptions & { readonly default: number }): Field<number> {
  return { kind: "number", label, ...options };
}

/** A number that may be left empty, which means that the feature it controls is off. */
export function optionalQuantity(
  label: string,
  options: NumberOptions & { readonly default?: number } = {},
): Field<number | undefined> {
  return { kind: "number", label, default: "", required: false, ...options };
}

/** One of several, shown as a select. Keys are what is stored, values what is shown. */
export function choice<const O extends Readonly<Record<string, string>>>(
  label: string,
  options: O,
  more: Common & { readonly default?: keyof O & string } = {},
): Field<keyof O & string> {
  const first = Object.keys(options)[0] ?? "";
  return { kind: "choice", label, options, default: first, ...more };
}

/** Any number of several, shown as check boxes. */
export function choices<const O extends Readonly<Record<string, string>>>(
  label: string,
  options: O,
  more: Common & { readonly default: readonly (keyof O & string)[]; readonly required?: boolean },
): Field<readonly (keyof O & string)[]> {
  return { kind: "choices", label, options, ...more };
}

/** Yes or no. */
export function flag(label: string, options: Common & { readonly default?: boolean } = {}): Field<boolean> {
  return { kind: "flag", label, default: false, ...options };
}

/** A config node of the given type, such as "gatewise-broker". The value is its id; `context.use` gives its service. */
export function link(
  label: string,
  to: `gatewise-${string}`,
  options: Common & { readonly required?: boolean } = {},
): Field<string> {
  return { kind: "link", label, to, default: "", required: true, ...options };
}

/** A list of short texts, written with commas between them. */
export function strings(
  label: string,
  options: Common & {
    readonly default?: readonly string[];
    readonly required?: boolean;
    readonly each?: EachNumber;
    readonly different?: true;
  } = {},
): Field<readonly string[]> {
  return { kind: "strings", label, default: [], ...options };
}

/** A table: each row has the given columns. */
export function rows<const C extends Fields>(
  label: string,
  columns: C,
  options: Common & {
    readonly default?: readonly Partial<ValuesOf<C>>[];
    readonly required?: boolean;
    readonly different?: keyof C & string;
    readonly rising?: readonly [low: keyof C & string, high: keyof C & string];
  } = {},
): Field<readonly ValuesOf<C>[]> {
  return { kind: "rows", label, columns, default: [], ...options };
}

/** Puts fields into one titled section of the dialog: `...group("Timing", { onDelay, offDelay })`. */
export function group<const F extends Fields>(
  title: string,
  fields: F,
  options: { readonly folded?: boolean } = {},
): F {
  const grouped = Object.entries(fields).map(([name, field]) => [
    name,
    { ...field, group: title, folded: options.folded },
  ]);
  return Object.fromEntries(grouped) as F;
}

/** A credential: stored encrypted by Node-RED, never in the flow, a log, a status or a message. */
export interface SecretSpec {
  readonly label: string;
  readonly hint?: string;
  /** PEM blocks and other texts of several lines. */
  readonly multiline?: boolean;
  /** User names are credentials but no secret to who may edit the node: they are shown. */
  readonly shown?: boolean;
  readonly when?: When;
  readonly group?: string;
}

export function secret(label: string, options: Omit<SecretSpec, "label"> = {}): SecretSpec {
  return { label, ...options };
}
