/** Keys that are told apart; beyond, more say nothing new. */
const MOST_TOLD_APART = 1000;

/** Keys that found no room, as long as they ask for it. */
export class TurnedAway {
  /** When each asked last, the one that has not asked for longest first. */
  readonly #asked = new Map<string, number>();

  constructor(
    private readonly forgetAfterMs: number,
    private readonly now: () => number,
  ) {}

  add(key: string): void {
    this.#asked.delete(key);
    if (this.#asked.size < MOST_TOLD_APART) this.#asked.set(key, this.now());
  }

  delete(key: string): void {
    this.#asked.delete(key);
  }

  clear(): void {
    this.#asked.clear();
  }

  /** How many there are, at most 1000. */
  get size(): number {
    for (const [key, at] of this.#asked) {
      if (this.now() - at < this.forgetAfterMs) break;
      this.#asked.delete(key);
    }
    return this.#asked.size;
  }

  /** "5", or "1000 or more". */
  get text(): string {
    return this.size < MOST_TOLD_APART ? String(this.size) : `${MOST_TOLD_APART} or more`;
  }
}
