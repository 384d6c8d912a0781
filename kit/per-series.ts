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

/** For how long states are written before other work gets its turn, ms. */
const SAVE_SLICE_MS = 10;

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

  /** The series that are in the store alone, because nothing has come of them since the start. */
  asleep(): readonly string[] {
    const names = this.#guarded(() => this.saved?.names()) ?? [];
    return names.filter((key) => this.#entries.get(key) === undefined);
  }

  /** A series' state from the store as a copy to look at, which is not kept. */
  stored(key: string): T {
    return this.#restored(key);
  }

  /** Forgets one series, also in the store. */
  forget(key: string): void {
    const known = this.#entries.get(key);
    if (known) known.changed = false;
    this.#entries.delete(key);
    this.#guarded(() => this.saved?.save([[key, undefined]]));
  }

  /** Forgets every series, also in the store. */
  clear(): void {
    for (const [, entry] of this.#entries.entries()) entry.changed = false;
    this.#entries.clear();
    this.#guarded(() => this.saved?.clear());
  }

  /**
   * Saves what changed since the last save, in slices between which other work runs.
   * @returns how many characters were written
   */
  async save(): Promise<number> {
    let characters = 0;
    for (const written of this.#slices()) {
      characters += written;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return characters;
  }

  /** Saves all that changed before it returns: for the close of a node. */
  saveNow(): void {
    for (const _ of this.#slices());
  }

  /** Each step saves some of what had changed at the first, and says how many characters; ends early when the store fails. */
  *#slices(): Generator<number> {
    const waiting = [...this.#entries.entries()].filter(([, entry]) => entry.changed).reverse();
    while (waiting.length > 0) {
      const written = this.#save(takenFor(SAVE_SLICE_MS, waiting));
      if (written === undefined) return;
      yield written;
    }
  }

  /** @returns how many characters were written; undefined when the store failed */
  #save(entries: Iterable<readonly [string, Entry<T>]>): number | undefined {
    const saved: Entry<T>[] = [];
    const written = this.#guarded(() => this.saved?.save(this.#snapshots(entries, saved)));
    if (written !== undefined) for (const entry of saved) entry.changed = false;
    return written;
  }

  /** Those that have been saved or forgotten since they were found changed are left out. */
  *#snapshots(
    entries: Iterable<readonly [string, Entry<T>]>,
    taken: Entry<T>[],
  ): Generator<readonly [string, unknown]> {
    for (const [key, entry] of entries) {
      if (!entry.changed) continue;
      taken.push(entry);
      const snapshot = this.#snapshotOf(key, entry);
      if (snapshot) yield [key, snapshot.state];
    }
  }

  /** A state that cannot be told must not keep the others from being saved. */
  #snapshotOf(key: string, { state }: Entry<T>): { readonly state: unknown } | undefined {
    try {
      return { state: (state as Snapshotted).snapshot?.() };
    } catch (error) {
      this.onProblem(`the state of ${key} cannot be saved: ${messageOf(error)}`);
      return undefined;
    }
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

/** Takes from the end of the list for so many ms, one at least. */
function* takenFor<T>(ms: number, list: T[]): Generator<T> {
  const until = performance.now() + ms;
  do {
    const next = list.pop();
    if (next === undefined) return;
    yield next;
  } while (performance.now() < until);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
