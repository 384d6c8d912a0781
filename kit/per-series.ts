import { DEFAULT_SERIES_CAP, SeriesMap, seriesKey } from "../lib/reading";
import type { SeriesStates } from "../lib/store/contract";

/** A state that can continue after a restart. What `snapshot` returns must survive JSON. */
export interface Snapshotted {
  snapshot?(): unknown;
  /** Takes what `snapshot` gave; throws when it cannot be used, and then the state starts afresh. */
  restore?(state: unknown): void;
}

interface Entry<T> {
  readonly state: T;
  changed: boolean;
}

/** How many states are written before other work gets its turn. */
const SAVE_SLICE = 500;

/**
 * One state per series, bounded by a cap, saved to the store and brought back series by series at first use, so that
 * neither a start nor a save stops the event loop for a hundred thousand series.
 */
export class PerSeries<T extends object> {
  readonly #entries: SeriesMap<Entry<T>>;

  constructor(
    private readonly create: (key: string) => T,
    private readonly saved: SeriesStates | undefined,
    private readonly onProblem: (message: string) => void,
    cap = DEFAULT_SERIES_CAP,
  ) {
    this.#entries = new SeriesMap<Entry<T>>(cap, (key, entry) => this.#save([[key, entry]]));
  }

  get size(): number {
    return this.#entries.size;
  }

  get evicted(): number {
    return this.#entries.evicted;
  }

  /** The state of the reading's series, taken as changed from now on. */
  of(reading: { readonly deviceId: string; readonly sensor: string }): T {
    return this.ofKey(seriesKey(reading));
  }

  ofKey(key: string): T {
    const known = this.#entries.get(key);
    if (known) {
      known.changed = true;
      return known.state;
    }
    const state = this.#restored(key);
    this.#entries.set(key, { state, changed: true });
    return state;
  }

  /** The state if there is one, without making it or marking it as changed. */
  peek(key: string): T | undefined {
    return this.#entries.get(key)?.state;
  }

  *states(): IterableIterator<[key: string, state: T]> {
    for (const [key, entry] of this.#entries.entries()) yield [key, entry.state];
  }

  /** Forgets one series, also in the store. */
  forget(key: string): void {
    this.#entries.delete(key);
    this.#guarded(() => this.saved?.save([[key, undefined]]));
  }

  /** Forgets every series, also in the store. */
  clear(): void {
    this.#entries.clear();
    this.#guarded(() => this.saved?.clear());
  }

  /** Saves what changed since the last save, in slices between which other work runs. */
  async save(): Promise<void> {
    if (!this.saved) return;
    for (const slice of this.#changedSlices()) {
      this.#save(slice);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Saves all that changed before it returns: for the close of a node. */
  saveNow(): void {
    if (!this.saved) return;
    for (const slice of this.#changedSlices()) this.#save(slice);
  }

  *#changedSlices(): IterableIterator<[string, Entry<T>][]> {
    const changed = [...this.#entries.entries()].filter(([, entry]) => entry.changed);
    for (let start = 0; start < changed.length; start += SAVE_SLICE) yield changed.slice(start, start + SAVE_SLICE);
  }

  #save(slice: readonly (readonly [string, Entry<T>])[]): void {
    if (!this.saved) return;
    this.#guarded(() => {
      this.saved?.save(slice.map(([key, entry]) => [key, (entry.state as Snapshotted).snapshot?.()] as const));
      for (const [, entry] of slice) entry.changed = false;
    });
  }

  #restored(key: string): T {
    const saved = this.#guarded(() => this.saved?.load(key));
    if (saved === undefined || saved === null) return this.create(key);
    const state = this.create(key);
    try {
      (state as Snapshotted).restore?.(saved);
      return state;
    } catch (error) {
      this.onProblem(`the saved state of ${key} cannot be used and starts afresh: ${messageOf(error)}`);
      return this.create(key);
    }
  }

  /** The store may be full, closed or broken: then states are kept in memory and the problem is told. */
  #guarded<R>(work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.onProblem(`states are not saved: ${messageOf(error)}`);
      return undefined;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
