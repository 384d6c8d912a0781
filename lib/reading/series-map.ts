/** How many series a keyed state keeps unless told otherwise. */
export const DEFAULT_SERIES_CAP = 100_000;

/**
 * State per key, bounded: the least recently used entry goes when a new one would exceed the cap. Memory is
 * O(cap); get and set are O(1). Every per-series state of the pack lives in one of these.
 */
export class SeriesMap<T> {
  readonly #entries = new Map<string, T>();
  #evicted = 0;

  /**
   * @param cap most entries kept, at least 1
   * @param onEvict told of each entry that had to go
   * @throws RangeError when cap is not a positive integer
   */
  constructor(
    readonly cap: number = DEFAULT_SERIES_CAP,
    private readonly onEvict?: (key: string, state: T) => void,
  ) {
    if (!Number.isInteger(cap) || cap < 1) throw new RangeError(`expected a cap of at least 1 series, got ${cap}`);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many entries had to go since the start: a number that should be 0, and is shown when it is not. */
  get evicted(): number {
    return this.#evicted;
  }

  /** The state of the key, marked as most recently used. */
  get(key: string): T | undefined {
    const state = this.#entries.get(key);
    // Order matters only once the map may overflow: far below the cap a look-up costs one Map access, not three.
    if (state !== undefined && this.#entries.size * 2 > this.cap) this.#touch(key, state);
    return state;
  }

  /** The state of the key, made by `create` when there is none. */
  of(key: string, create: (key: string) => T): T {
    const known = this.get(key);
    if (known !== undefined) return known;
    const fresh = create(key);
    this.set(key, fresh);
    return fresh;
  }

  set(key: string, state: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, state);
    if (this.#entries.size > this.cap) this.#evictOldest();
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): IterableIterator<[string, T]> {
    return this.#entries.entries();
  }

  #touch(key: string, state: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, state);
  }

  #evictOldest(): void {
    const oldest = this.#entries.entries().next();
    if (oldest.done) return;
    const [key, state] = oldest.value;
    this.#entries.delete(key);
    this.#evicted += 1;
    this.onEvict?.(key, state);
  }
}
