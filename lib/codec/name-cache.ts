const CAP = 10_000;

/**
 * Checks device ids and sensor names once. A fleet repeats the same few names in every message, so a look-up replaces the
 * pattern match, and every reading shares one string whose hash is already computed. Bounded: starts anew when full.
 */
export class NameCache {
  readonly #known = new Map<string, string>();

  constructor(private readonly check: (name: unknown, path: string) => string) {}

  /** The checked name. @throws what the check throws */
  of(name: unknown, path: string): string {
    const known = this.#known.get(name as string);
    if (known !== undefined) return known;
    const checked = this.check(name, path);
    if (this.#known.size >= CAP) this.#known.clear();
    this.#known.set(checked, checked);
    return checked;
  }
}
