import { describe } from "../reading";

const MAX_PATTERNS = 10_000;
const MAX_REMEMBERED = 200_000;

/**
 * Chooses device ids or sensors by a list of names and globs, where `*` stands for any characters and `?` for one.
 * An empty list chooses everything. Verdicts are remembered, so that a known name costs one look-up.
 */
export class NameFilter {
  readonly #names = new Set<string>();
  readonly #globs: string[] = [];
  readonly #verdicts = new Map<string, boolean>();
  readonly #all: boolean;

  /** @throws Error when the list holds something that is no name, or is absurdly long */
  constructor(patterns: readonly string[]) {
    if (patterns.length > MAX_PATTERNS)
      throw new Error(`expected at most ${MAX_PATTERNS} names, got ${patterns.length}`);
    for (const pattern of patterns) {
      if (typeof pattern !== "string" || pattern.trim() === "")
        throw new Error(`expected a name, got ${describe(pattern)}`);
      if (/[*?]/.test(pattern)) this.#globs.push(pattern.trim());
      else this.#names.add(pattern.trim());
    }
    this.#all = patterns.length === 0 || this.#globs.includes("*");
  }

  accepts(name: string): boolean {
    if (this.#all) return true;
    if (this.#globs.length === 0) return this.#names.has(name);
    let verdict = this.#verdicts.get(name);
    if (verdict === undefined) {
      verdict = this.#names.has(name) || this.#globs.some((glob) => matchesGlob(glob, name));
      if (this.#verdicts.size >= MAX_REMEMBERED) this.#verdicts.clear();
      this.#verdicts.set(name, verdict);
    }
    return verdict;
  }
}

/** Whether the whole name matches the glob. Time is at most O(glob * name): a hostile pattern cannot stall the flow. */
export function matchesGlob(glob: string, name: string): boolean {
  let g = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (glob[g] === "*") {
      star = g;
      g += 1;
      resume = n;
    } else if (g < glob.length && (glob[g] === "?" || glob[g] === name[n])) {
      g += 1;
      n += 1;
    } else if (star >= 0) {
      // The last star has to take one more character.
      g = star + 1;
      resume += 1;
      n = resume;
    } else return false;
  }
  while (glob[g] === "*") g += 1;
  return g === glob.length;
}
