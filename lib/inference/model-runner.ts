import { ModelError, type StoredModel } from "../model/contract";
import type { ModelStore } from "../model/store";
import { WorkerDiedError } from "../workers";
import type { ModelListener } from "./contract";
import { type ExecutionOptions, ModelVersion } from "./model-version";
import type { Entry, RequestQueue } from "./request-queue";
import { Retries } from "./retries";
import type { Standin } from "./standin";
import { stacked } from "./tensor";
import { answer, type QueuedEntry, Turns } from "./turns";

/** The part of the store that running models needs. */
export type ModelSource = Pick<
  ModelStore,
  "get" | "locate" | "onChange" | "versions" | "version" | "currentOf" | "lastRun" | "hasRun"
>;

/** Versions that are tried when the current one does not load. */
const MAX_FALLBACKS = 4;

/** A request whose worker died is tried once more, alone. */
const MAX_DEATHS = 2;

/**
 * Runs one model of the store for all who use it. Requests of all users take turns and run together while they wait: no time is
 * spent waiting for more. When the store has another version, that one is loaded and checked beside the live one, and takes
 * over what is submitted from then on.
 */
export class ModelRunner {
  readonly ready: Promise<void>;
  /** Runs, and samples in them. */
  batches = 0;
  samples = 0;
  readonly #turns = new Turns();
  readonly #listeners = new Set<ModelListener>();
  /** Those with a worker: the live one, the one that is being prepared, and those before that still have to answer. */
  readonly #versions = new Set<ModelVersion>();
  readonly #superseded = new Set<ModelVersion>();
  readonly #stopListening: () => void;
  #live: ModelVersion | undefined;
  /** Why the live version is not the current one. */
  #behind: { readonly problem: Error; readonly reason: string; readonly nextTry?: number } | undefined;
  readonly #retries: Retries;
  #isBusy = false;
  #isClosed = false;
  #swaps: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly store: ModelSource,
    private readonly options: ExecutionOptions,
  ) {
    this.#stopListening = store.onChange(name, () => this.#onChange());
    this.#retries = new Retries(() => this.#swapSoon("retry"), options.retry);
    this.ready = this.#start();
    // Told to each who waits for it.
    this.ready.catch(() => undefined);
  }

  /** The version that new requests are for. @throws ModelError before the first is loaded */
  get live(): ModelVersion {
    if (this.#live) return this.#live;
    throw new ModelError(`model ${this.name}: not loaded yet`);
  }

  /** Set while another version than the current one runs. */
  get standin(): Standin | undefined {
    if (!this.#behind || !this.#live) return undefined;
    const { version, seq } = this.#live.model.manifest;
    const { problem, nextTry } = this.#behind;
    return { version, seq, reason: problem.message, ...(nextTry === undefined ? {} : { nextTry }) };
  }

  /** Resolves when what the store's last change asked for is done, well or not. */
  async settled(): Promise<void> {
    await this.ready.catch(() => undefined);
    await this.#swaps;
  }

  get restarts(): number {
    return [...this.#versions].reduce((sum, { restarts }) => sum + restarts, 0);
  }

  join(queue: RequestQueue, listener: ModelListener): void {
    this.#turns.join(queue);
    this.#listeners.add(listener);
    if (this.#behind) listener.onProblem?.(this.#behind.problem);
  }

  leave(queue: RequestQueue, listener: ModelListener): void {
    this.#turns.leave(queue);
    this.#listeners.delete(listener);
  }

  /** To be called when a queue has got something. */
  wake(): void {
    if (!this.#isBusy && !this.#isClosed) void this.#work();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#retries.reset();
    await Promise.all([...this.#versions].map((version) => version.close()));
  }

  async #start(): Promise<void> {
    try {
      this.#live = await this.#open(await this.store.get(this.name));
    } catch (error) {
      await this.#fallBack(asError(error));
    }
  }

  /** Goes back to the version that ran before, or the newest older one that loads. @throws what is wrong with the current one when none does */
  async #fallBack(reason: Error): Promise<void> {
    for (const seq of await this.#fallbacks()) {
      if (this.#isClosed) break;
      const older = await this.store
        .version(this.name, seq)
        .then((model) => this.#open(model))
        .catch(() => undefined);
      if (!older) continue;
      this.#live = older;
      const { version } = older.model.manifest;
      const meant = await this.#currentName();
      const inPlace = `version ${version} (${seq}) runs in place of ${meant}`;
      this.#stayBehind(inPlace, reason);
      return;
    }
    throw reason;
  }

  /** "1.2.0 (4)", or the number alone when its manifest cannot be read. */
  async #currentName(): Promise<string> {
    const seq = await this.store.currentOf(this.name);
    return this.store.version(this.name, seq).then(
      ({ manifest }) => `${manifest.version} (${seq})`,
      () => `version number ${seq}`,
    );
  }

  /** None that is newer than the current one but that which ran: somebody went back from them. */
  async #fallbacks(): Promise<readonly number[]> {
    const { name } = this;
    const current = await this.store.currentOf(name);
    const ran = await this.store.lastRun(name);
    const older = (await this.store.versions(name)).filter((seq) => seq < current && seq !== ran);
    const first = ran === undefined || ran === current ? [] : [ran];
    return [...first, ...older.reverse()].slice(0, MAX_FALLBACKS);
  }

  async #open(model: StoredModel): Promise<ModelVersion> {
    const version = new ModelVersion(model, this.store.locate(model), this.options);
    this.#versions.add(version);
    try {
      await version.load();
      // Only to be kept and gone back to: a folder that cannot be written to prunes nothing either.
      await this.store.hasRun(model).catch(() => undefined);
      return version;
    } catch (error) {
      await this.#retire(version);
      throw error;
    }
  }

  async #retire(version: ModelVersion): Promise<void> {
    this.#versions.delete(version);
    this.#superseded.delete(version);
    await version.close();
  }

  /** Ends the workers of versions that have answered all that was made for them. */
  async #retireAnswered(): Promise<void> {
    for (const version of this.#superseded) if (version.outstanding === 0) await this.#retire(version);
  }

  /** Another version, or somebody's wish that the current one be tried again. */
  #onChange(): void {
    this.#retries.reset();
    this.#swapSoon("change");
  }

  #swapSoon(why: "change" | "retry"): void {
    this.#swaps = this.#swaps.then(() => this.#swap(why)).catch((error: unknown) => this.#tell(asError(error)));
  }

  async #swap(why: "change" | "retry"): Promise<void> {
    await this.ready.catch(() => undefined);
    const before = this.#live;
    if (this.#isClosed || !before) return;
    const { manifest, id } = before.model;
    try {
      const model = await this.store.get(this.name);
      if (model.id === id) return this.#caughtUp();
      const next = await this.#open(model);
      if (this.#isClosed) return await next.close();
      this.#live = next;
      this.#caughtUp();
      for (const { onSwap } of this.#listeners) onSwap?.(model.manifest);
      this.#superseded.add(before);
      await this.#retireAnswered();
    } catch (error) {
      if (this.#isClosed) return;
      const known = this.#behind?.reason;
      const goesOn = `version ${manifest.version} (${manifest.seq}) stays in use`;
      const { problem, reason, nextTry } = this.#stayBehind(goesOn, asError(error));
      // A try that nobody asked for does not repeat itself.
      if (why === "change" || reason !== known || nextTry === undefined) this.#tell(problem);
    }
  }

  #stayBehind(what: string, cause: Error) {
    const problem = new ModelError(`model ${this.name}: ${what}: ${cause.message}`, { cause });
    const nextTry = this.#isClosed ? undefined : this.#retries.after(cause);
    this.#behind = { problem, reason: cause.message, nextTry };
    return this.#behind;
  }

  #caughtUp(): void {
    this.#behind = undefined;
    this.#retries.reset();
  }

  #tell(problem: Error): void {
    for (const { onProblem } of this.#listeners) onProblem?.(problem);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let batch = this.#turns.nextBatch(); batch.length > 0 && !this.#isClosed; batch = this.#turns.nextBatch()) {
      await this.#run(batch);
    }
    this.#isBusy = false;
  }

  async #run(batch: readonly QueuedEntry[]): Promise<void> {
    const entries = batch.map(({ entry }) => entry);
    const { version } = entries[0] as Entry;
    const count = entries.reduce((sum, entry) => sum + entry.count, 0);
    try {
      const outputs = await version.run({ inputs: stacked(entries.map(({ inputs }) => inputs)), count });
      answer(entries, outputs, count);
      this.batches += 1;
      this.samples += count;
    } catch (error) {
      this.#failed(batch, asError(error));
    }
    await this.#retireAnswered();
  }

  #failed(batch: readonly QueuedEntry[], error: Error): void {
    // From the last to the first, because each is put before the others.
    for (const { entry, queue } of [...batch].reverse()) {
      entry.deaths += error instanceof WorkerDiedError ? 1 : MAX_DEATHS;
      if (entry.deaths >= MAX_DEATHS || this.#isClosed) entry.reject(error);
      else queue.putBack([entry]);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
