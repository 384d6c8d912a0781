import { describingTag, escapeTag, quoteField } from "./line-protocol";

type Metadata = Readonly<Record<string, string>>;

/** What the window node writes: different in every reading, so that as tags each reading would be a series of its own. */
const ALWAYS_CHANGING = ["windowStart", "windowEnd"] as const;
/** Different values of one key after which it is told that it makes too many series, and most keys watched. */
const MANY_VALUES = 1000;

/**
 * Decides which metadata become tags `meta_<key>`, and which are only stored beside the value, as fields of that name.
 * The choice depends on the configuration alone and never on what came before: a reading that is written again must
 * get the same tags.
 */
export class MetadataTags {
  readonly #wanted: "all" | ReadonlySet<string>;
  readonly #values = new Map<string, Set<string>>();

  /**
   * @param wanted all, or these keys only
   * @param onManyValues told once of each key that has had a thousand different values
   */
  constructor(
    wanted: "all" | readonly string[],
    private readonly onManyValues: (key: string, values: number) => void = () => undefined,
  ) {
    this.#wanted = wanted === "all" ? "all" : new Set(wanted);
  }

  /** Sorted by key, as the reference asks of fast writers; each begins with a comma. */
  tagsOf(metadata: Metadata): string {
    let tags = "";
    for (const key of Object.keys(metadata).sort()) {
      if (!this.#isTag(key)) continue;
      const value = describingTag(String(metadata[key] ?? ""));
      // An empty tag value is not line protocol: the tag is left out.
      if (value === "") continue;
      this.#count(key, value);
      tags += `,${nameOf(key)}=${value}`;
    }
    return tags;
  }

  /** The metadata that the window node gave, unless they are wanted as tags. */
  fieldsOf(metadata: Metadata): string {
    let fields = "";
    for (const key of ALWAYS_CHANGING) {
      const value = metadata[key];
      if (value !== undefined && !this.#isTag(key)) fields += `,${nameOf(key)}=${quoteField(String(value))}`;
    }
    return fields;
  }

  /** The part of the metadata that makes the series, as a text. */
  keyOf(metadata: Metadata): string {
    let key = "";
    for (const name of Object.keys(metadata)) {
      if (!this.#isTag(name)) continue;
      const value = String(metadata[name]);
      // With its lengths, because both may contain any character.
      key += `\n${name.length} ${value.length} ${name}${value}`;
    }
    return key;
  }

  #isTag(key: string): boolean {
    return this.#wanted === "all" ? key !== "windowStart" && key !== "windowEnd" : this.#wanted.has(key);
  }

  #count(key: string, value: string): void {
    let values = this.#values.get(key);
    if (!values) {
      if (this.#values.size >= MANY_VALUES) return;
      values = new Set();
      this.#values.set(key, values);
    }
    if (values.size >= MANY_VALUES) return;
    values.add(value);
    if (values.size === MANY_VALUES) this.onManyValues(key, MANY_VALUES);
  }
}

function nameOf(key: string): string {
  return `meta_${escapeTag(key.replace(/\p{Cc}|\\/gu, "_"))}`;
}
