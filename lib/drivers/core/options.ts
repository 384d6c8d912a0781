/** What a user may set of a driver, as data: the dialog and the check come from it. */
export type OptionSpec = NumberOption | ChoiceOption<string> | FlagOption | TextOption;
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

interface Described {
  readonly label: string;
  readonly hint?: string;
}

export interface NumberOption extends Described {
  readonly kind: "number";
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
  /** UCUM code or a word for the dialog. */
  readonly unit?: string;
}

export interface ChoiceOption<V extends string> extends Described {
  readonly kind: "choice";
  readonly default: V;
  readonly choices: Readonly<Record<V, string>>;
}

export interface FlagOption extends Described {
  readonly kind: "flag";
  readonly default: boolean;
}

export interface TextOption extends Described {
  readonly kind: "text";
  readonly default: string;
  /** What the text must match, as a regular expression, and how that is said. */
  readonly pattern?: string;
  readonly expected?: string;
}

/** The values of options, typed. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]: O[K] extends NumberOption
    ? number
    : O[K] extends ChoiceOption<infer V>
      ? V
      : O[K] extends FlagOption
        ? boolean
        : string;
};

export const numberOption = (label: string, rest: Omit<NumberOption, "kind" | "label">): NumberOption => ({
  kind: "number",
  label,
  ...rest,
});

export const integerOption = (label: string, rest: Omit<NumberOption, "kind" | "label" | "integer">): NumberOption => ({
  kind: "number",
  label,
  integer: true,
  ...rest,
});

/** The first choice is the default unless another is named. */
export function choiceOption<V extends string>(
  label: string,
  choices: Readonly<Record<V, string>>,
  rest: { readonly default?: NoInfer<V>; readonly hint?: string } = {},
): ChoiceOption<V> {
  const keys = Object.keys(choices) as V[];
  // JavaScript lists keys that look like numbers before all others, whatever the order they were written in.
  const numbers = keys.filter((key) => /^\d+$/.test(key)).length;
  if (rest.default === undefined && numbers > 0 && numbers < keys.length) {
    throw new RangeError(`${label}: choices of numbers and words need a default, because their order is lost`);
  }
  return { kind: "choice", label, choices, ...rest, default: rest.default ?? (keys[0] as V) };
}

export const flagOption = (label: string, rest: { default: boolean; hint?: string }): FlagOption => ({
  kind: "flag",
  label,
  ...rest,
});

export const textOption = (label: string, rest: Omit<TextOption, "kind" | "label">): TextOption => ({
  kind: "text",
  label,
  ...rest,
});

/**
 * The values for a driver: defaults where nothing is given.
 * @throws RangeError naming the option
 */
export function optionValues<O extends OptionSpecs>(
  specs: O,
  given: Readonly<Record<string, unknown>> = {},
): OptionValues<O> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(specs, name));
  if (unknown !== undefined) {
    throw new RangeError(`the driver has no option "${unknown}"; it has ${Object.keys(specs).join(", ") || "none"}`);
  }
  const values = Object.entries(specs).map(([name, spec]) => [
    name,
    checkedValue(name, spec, given[name] ?? spec.default),
  ]);
  return Object.fromEntries(values) as OptionValues<O>;
}

function checkedValue(name: string, spec: OptionSpec, value: unknown): unknown {
  const refuse = (expected: string): never => {
    throw new RangeError(`option ${name}: expected ${expected}, got ${JSON.stringify(value)}`);
  };
  switch (spec.kind) {
    case "number": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number)) return refuse("a number");
      if (spec.integer && !Number.isInteger(number)) return refuse("a whole number");
      if (number < (spec.min ?? -Infinity)) return refuse(`at least ${spec.min}`);
      if (number > (spec.max ?? Infinity)) return refuse(`at most ${spec.max}`);
      return number;
    }
    case "choice":
      return Object.hasOwn(spec.choices, String(value)) ? String(value) : refuse(Object.keys(spec.choices).join(", "));
    case "flag":
      return typeof value === "boolean" ? value : refuse("true or false");
    case "text":
      if (typeof value !== "string") return refuse("a text");
      if (spec.pattern && !new RegExp(spec.pattern).test(value)) return refuse(spec.expected ?? spec.pattern);
      return value;
  }
}
