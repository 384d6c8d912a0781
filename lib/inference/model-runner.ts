import { ModelError, type StoredModel } from "../model/contract";
import type { ModelStore } from "../model/store";
import { WorkerDiedError } from "../workers";
import type { ModelListener } from "./contract";
import { type ExecutionOptions, ModelVersion } from "./model-version";
import type { Entry, RequestQueue } from "./request-queue";
import { samplesFrom, stacked, type Tensors } from "./tensor";

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
  readonly #queues: RequestQueue[] = [];
  readonly #listeners = new Set<ModelListener>();
  /** Those with a worker: the live one, the one that is being prepared, and those before that still have to answer. */
  readonly #versions = new Set<ModelVersion>();
  readonly #superseded = new Set<ModelVersion>();
  readonly #stopListening: () => void;
  #live: ModelVersion | undefined;
  /** Why an older version runs, for who comes to use it. */
  #startProblem: Error | undefined;
  #isBusy = false;
  #isClosed = false;
  #swaps: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    private readonly store: ModelSource,
    private readonly options: ExecutionOptions,
  ) {
    this.#stopListening = store.onChange(name, () => this.#onChange());
    this.ready = this.#start();
    // Told to each who waits for it.
    this.ready.catch(() => undefined);
  }

  /** The version that new requests are for. @throws ModelError before the first is loaded */
  get live(): ModelVersion {
    if (this.#live) return this.#live;
    throw new ModelError(`model ${this.name}: not loaded yet`);
  }

  get restarts(): number {
    return [...this.#versions].reduce((sum, { restarts }) => sum + restarts, 0);
  }

  join(queue: RequestQueue, listener: ModelListener): void {
    this.#queues.push(queue);
    this.#listeners.add(listener);
    if (this.#startProblem) listener.onProblem?.(this.#startProblem);
  }

  leave(queue: RequestQueue, listener: ModelListener): void {
    const at = this.#queues.indexOf(queue);
    if (at >= 0) this.#queues.splice(at, 1);
    this.#listeners.delete(listener);
  }

  /** To be called when a queue has got something. */
  wake(): void {
    if (!this.#isBusy && !this.#isClosed) void this.#work();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
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
      this.#startProblem = new ModelError(
        `model ${this.name}: version ${version} (${seq}) runs in place of ${meant}: ${reason.message}`,
        { cause: reason },
      );
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

  #onChange(): void {
    this.#swaps = this.#swaps.then(() => this.#swap()).catch((error: unknown) => this.#tell(asError(error)));
  }

  async #swap(): Promise<void> {
    await this.ready.catch(() => undefined);
    const before = this.#live;
    if (this.#isClosed || !before) return;
    const { manifest, id } = before.model;
    try {
      const model = await this.store.get(this.name);
      if (model.id === id) return;
      const next = await this.#open(model);
      if (this.#isClosed) return await next.close();
      this.#live = next;
      this.#startProblem = undefined;
      for (const { onSwap } of this.#listeners) onSwap?.(model.manifest);
      this.#superseded.add(before);
      await this.#retireAnswered();
    } catch (error) {
      const goesOn = `version ${manifest.version} (${manifest.seq}) stays in use`;
      this.#tell(new ModelError(`model ${this.name}: ${goesOn}: ${asError(error).message}`, { cause: error }));
    }
  }

  #tell(problem: Error): void {
    for (const { onProblem } of this.#listeners) onProblem?.(problem);
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let batch = this.#nextBatch(); batch.length > 0 && !this.#isClosed; batch = this.#nextBatch()) {
      await this.#run(batch);
    }
    this.#isBusy = false;
  }

  /** One request of each queue in turn, as long as they can run together. */
  #nextBatch(): QueuedEntry[] {
    const batch: QueuedEntry[] = [];
    let samples = 0;
    for (let found = true; found; ) {
      found = false;
      for (const queue of [...this.#queues]) {
        const { head } = queue;
        if (!head || !fits(batch[0]?.entry, head, samples)) continue;
        batch.push({ entry: head, queue });
        samples += head.count;
        queue.take();
        found = true;
      }
    }
    // Who was first now is last next time.
    const [first] = this.#queues;
    if (first && this.#queues.length > 1) this.#queues.push(this.#queues.shift() as RequestQueue);
    return batch;
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

interface QueuedEntry {
  readonly entry: Entry;
  readonly queue: RequestQueue;
}

function fits(first: Entry | undefined, next: Entry, samples: number): boolean {
  if (!first) return true;
  return (
    first.version === next.version &&
    first.shape === next.shape &&
    first.deaths === 0 &&
    next.deaths === 0 &&
    samples + next.count <= first.version.maxBatch
  );
}

function answer(entries: readonly Entry[], outputs: Tensors, count: number): void {
  if (entries.length === 1) {
    entries[0]?.resolve(outputs);
    return;
  }
  for (const [name, { shape }] of outputs) {
    if (shape[0] === count) continue;
    throw new ModelError(
      `output "${name}" has ${shape[0] ?? "no"} rows for ${count} samples: set the largest batch to 1`,
    );
  }
  let start = 0;
  for (const entry of entries) {
    entry.resolve(samplesFrom(outputs, start, entry.count));
    start += entry.count;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
