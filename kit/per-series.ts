import { DEFAULT_SERIES_CAP, SeriesMap, seriesKey } from "../lib/reading";
import type { SeriesStates } from "../lib/store/contract";
import { TurnedAway } from "./turned-away";

/** A state that can continue after a restart. What `snapshot` returns must survive JSON. */
export interface Snapshotted {
  snapshot?(): unknown;
  /** Takes what `snapshot` gave; throws when it cannot be used, and then the state starts afresh. */
  restore?(state: unknown): void;
}

interface Entry<T> {
  readonly state: T;
  changed: boolean;
  /** When it was last used, ms of a clock that only goes forward. */
  used: number;
}

export interface PerSeriesOptions {
  /** Most states kept. */
  readonly cap?: number;
  /** What the states are of. */
  readonly kept?: "series" | "devices";
  /** Told of each state that has gone to make room; it was saved before. */
  readonly onEvict?: (key: string) => void;
  /** Told each time that `admit` finds no room. */
  readonly onNoRoom?: () => void;
  /** A clock in ms that only goes forward. */
  readonly now?: () => number;
}

/** A state that was not used for so long gives its place to a new one. */
const QUIET_MS = 24 * 3_600_000;

/** For how long states are written before other work gets its turn, ms. */
const SAVE_SLICE_MS = 10;

/**
 * One state per series, bounded by a cap, saved to the store and brought back series by series at first use, so that
 * neither a start nor a save stops the event loop for a hundred thousand series.
 */
export class PerSeries<T extends object> {
  readonly #entries: SeriesMap<Entry<T>>;
  readonly #now: () => number;
  readonly #turnedAway: TurnedAway;

  constructor(
    private readonly create: (key: string) => T,
    private readonly saved: SeriesStates | undefined,
    private readonly onProblem: (message: string) => void,
    private readonly options: PerSeriesOptions = {},
  ) {
    this.#now = options.now ?? (() => performance.now());
    this.#turnedAway = new TurnedAway(QUIET_MS, this.#now);
    this.#entries = new SeriesMap<Entry<T>>(options.cap ?? DEFAULT_SERIES_CAP, (key, entry) => {
      this.#save([[key, entry]]);
      options.onEvict?.(key);
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get evicted(): number {
    return this.#entries.evicted;
  }

  /** What keeps some from having a state; undefined while all have one that ask for it. */
  get problem(): string | undefined {
    if (this.#turnedAway.size === 0) return undefined;
    return `room for ${this.#entries.cap} ${this.options.kept ?? "series"}, ${this.#turnedAway.text} more left out`;
  }

  /** The state of the reading's series, taken as changed from now on. */
  of(reading: { readonly deviceId: string; readonly sensor: string }): T {
    return this.ofKey(seriesKey(reading));
  }

  /** The state of the key; the one that was not used for longest makes room for it. */
  ofKey(key: string): T {
    const known = this.#used(key);
    if (known) return known;
    const state = this.#restored(key);
    this.#entries.set(key, { state, changed: true, used: this.#now() });
    return state;
  }

  /**
   * The state of the key; undefined when there is none yet and all that are kept are in use. With one key more than there is
   * room for, each would otherwise push out the one that comes next, and none would ever learn anything.
   */
  admit(key: string): T | undefined {
    const known = this.#used(key);
    if (known) return known;
    if (this.#isFull) {
      this.#turnedAway.add(key);
      this.options.onNoRoom?.();
      return undefined;
    }
    this.#turnedAway.delete(key);
    return this.ofKey(key);
  }

  #used(key: string): T | undefined {
    const known = this.#entries.get(key);
    if (!known) return undefined;
    known.changed = true;
    known.used = this.#now();
    return known.state;
  }

  get #isFull(): boolean {
    if (this.#entries.size < this.#entries.cap) return false;
    const oldest = this.#entries.entries().next();
    return !oldest.done && this.#now() - oldest.value[1].used < QUIET_MS;
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
    this.#turnedAway.delete(key);
    this.#guarded(() => this.saved?.save([[key, undefined]]));
  }

  /** Forgets every series, also in the store. */
  clear(): void {
    for (const [, entry] of this.#entries.entries()) entry.changed = false;
    this.#entries.clear();
    this.#turnedAway.clear();
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
