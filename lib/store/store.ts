import { resolve } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { HistoryService, SeriesStates, StoreService } from "./contract";
import { StoreError } from "./errors";
import { IN_MEMORY, StoreFile, type SyncMode } from "./file";
import { fileBytes, type Upkeep, usedBytes } from "./history/eviction";
import { History } from "./history/history";
import { openSeriesStates } from "./series-states";
import { SeriesUse } from "./series-use";

export interface StoreOptions {
  /** What a commit waits for; see SyncMode. Default "normal". */
  readonly sync?: SyncMode;
  /** Bytes of the file in use beyond which the oldest history goes; unlimited when left out. */
  readonly maxBytes?: number;
  /** Milliseconds after which history goes; kept for ever when left out. */
  readonly historyMaxAge?: number;
  /** Told in one sentence when a damaged file was replaced. */
  readonly onWarning?: (warning: string) => void;
  /** The wall clock, ms since the epoch. */
  readonly now?: () => number;
}

export interface StoreSize {
  /** Bytes of the file that hold data. */
  readonly used: number;
  /** Bytes of the file, with free pages. */
  readonly file: number;
  readonly readings: number;
}

/** Every file is open once in a process, however many nodes name it. */
interface Shared {
  readonly file: StoreFile;
  readonly history: History;
  readonly use: SeriesUse;
  readonly holders: Set<Store>;
}

const openFiles = new Map<string, Shared>();

/**
 * Opens the store in the file at `path`, or joins those who have it open already. Each call gets a Store of its own to
 * close; the file closes with the last of them. The strictest of their options holds: full sync, smallest bounds.
 * @param path a file, made with its folder when absent, or ":memory:" for one that nobody shares
 * @throws StoreError when the file can neither be used nor replaced
 */
export function openStore(path: string, options: StoreOptions = {}): Store {
  const key = path === IN_MEMORY ? IN_MEMORY : resolve(path);
  const shared = (key === IN_MEMORY ? undefined : openFiles.get(key)) ?? openShared(key, options);
  const store = new Store(shared, options, () => {
    if (openFiles.get(key) === shared) openFiles.delete(key);
  });
  return store;
}

function openShared(path: string, options: StoreOptions): Shared {
  const file = new StoreFile(path, options.onWarning, options.now);
  try {
    const shared = {
      file,
      history: new History(file, options.now),
      use: new SeriesUse(file),
      holders: new Set<Store>(),
    };
    if (path !== IN_MEMORY) openFiles.set(path, shared);
    return shared;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** One holder's view of a store file. */
export class Store implements StoreService {
  #closed = false;
  readonly #now: () => number;

  /** Use openStore. */
  constructor(
    private readonly shared: Shared,
    private readonly options: StoreOptions,
    private readonly onLastClose: () => void,
  ) {
    this.#now = options.now ?? Date.now;
    shared.holders.add(this);
    applySync(shared);
  }

  get path(): string {
    return this.shared.file.path;
  }

  get history(): HistoryService {
    this.#checkOpen();
    return this.shared.history;
  }

  component(name: string, migrations: readonly string[]): DatabaseSync {
    this.#checkOpen();
    return this.shared.file.component(name, migrations);
  }

  transaction<T>(work: () => T): T {
    this.#checkOpen();
    return this.shared.file.transaction(work);
  }

  seriesStates(keeper: string, fingerprint: string, former: readonly string[] = []): SeriesStates {
    this.#checkOpen();
    return openSeriesStates(this.shared.file, this.shared.use, keeper, [fingerprint, ...former], this.#now);
  }

  /**
   * One small step of keeping the file within its bounds, a few milliseconds long: evicts the oldest history, gives
   * free pages back to the disk, forgets the states of deleted nodes and of series that have gone. Meant to be called about once a second.
   */
  upkeep(): Upkeep {
    this.#checkOpen();
    const { history, use, holders } = this.shared;
    const limits = [...holders].map((holder) => holder.options);
    const maxAge = smallest(limits.map((limit) => limit.historyMaxAge));
    const maxBytes = smallest(limits.map((limit) => limit.maxBytes));
    const done = history.upkeep(maxAge === undefined ? undefined : this.#now() - maxAge, maxBytes);
    return { ...done, more: use.step(this.#now()) || done.more };
  }

  size(): StoreSize {
    this.#checkOpen();
    const { file, history } = this.shared;
    return { used: usedBytes(file), file: fileBytes(file), readings: history.count() };
  }

  /** Lets go of the file; the last holder closes it. Calling it again does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.shared.holders.delete(this);
    if (this.shared.holders.size > 0) {
      applySync(this.shared);
      return;
    }
    this.onLastClose();
    this.shared.file.close();
  }

  /** True while this or any holder wants every commit to wait for the disk. */
  get wantsFullSync(): boolean {
    return this.options.sync === "full";
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError("closed", `store ${this.path}: it has been closed`);
  }
}

function applySync({ file, holders }: Shared): void {
  file.setSync([...holders].some((holder) => holder.wantsFullSync) ? "full" : "normal");
}

function smallest(limits: readonly (number | undefined)[]): number | undefined {
  const given = limits.filter((limit) => limit !== undefined);
  return given.length > 0 ? Math.min(...given) : undefined;
}
