import type { BackoffOptions } from "../backoff/backoff";
import { ModelError, type ModelFormat, type StoredModel, type TensorInfo } from "../model/contract";
import { OptionalModuleError } from "../modules/optional";
import { integerWithin, numberWithin } from "../numeric/limits";
import { WorkerHost } from "../workers";
import type { InferenceService, ModelListener, ModelUse, Request, UseOptions } from "./contract";
import { InferenceClosedError } from "./errors";
import { type Percentiles, RecentLatency } from "./latency";
import { ModelRunner, type ModelSource } from "./model-runner";
import { type ExecutionOptions, ModelVersion } from "./model-version";
import { type ModelIsolation, memoryFor } from "./native";
import type { Inspected, InspectRequest, Runtime } from "./protocol";
import { type Entry, RequestQueue } from "./request-queue";
import { RETRY_BACKOFF } from "./retries";
import type { Standin } from "./standin";
import { checkInputs, sampleShape, type Tensors } from "./tensor";

export interface InferenceOptions {
  readonly runtime?: Runtime;
  /** Threads of one model's computation, 1 to 16; 1 by default: the flow needs the other cores. */
  readonly threads?: number;
  /** Longest time of one run, ms; 10 s by default. */
  readonly timeoutMs?: number;
  /** Longest time that loading, checking and warming up may take, ms; 60 s by default. */
  readonly loadTimeoutMs?: number;
  /** Most memory of one model's worker, MB: of a process all that it takes besides the model's files, of a thread its JavaScript heap; 1024 by default. */
  readonly memoryMb?: number;
  /** "auto" by default. */
  readonly isolation?: ModelIsolation;
  /** Most samples that run together; 32 by default. */
  readonly maxBatch?: number;
  /** Where packages are looked for besides the pack itself. */
  readonly userDir?: string;
  /** When a current version that could not be loaded, for a reason that may pass, is tried again: in minutes to an hour by default. */
  readonly retry?: BackoffOptions;
}

const MAX_CAPACITY = 100_000;

/** Runs models of the store, each in a worker that all its users share: a process for native runtimes, else a thread. */
export class Inference implements InferenceService {
  readonly #options: ExecutionOptions;
  readonly #runners = new Map<string, Shared>();
  #isClosed = false;

  /** @throws RangeError naming the option */
  constructor(
    private readonly store: ModelSource,
    options: InferenceOptions = {},
  ) {
    this.#options = {
      runtime: options.runtime ?? "auto",
      threads: integerWithin("threads", options.threads ?? 1, 1, 16),
      timeoutMs: numberWithin("timeoutMs", options.timeoutMs ?? 10_000, 1, 3_600_000),
      loadTimeoutMs: numberWithin("loadTimeoutMs", options.loadTimeoutMs ?? 60_000, 1, 3_600_000),
      memoryMb: integerWithin("memoryMb", options.memoryMb ?? 1024, 16, 65_536),
      isolation: options.isolation ?? "auto",
      maxBatch: integerWithin("maxBatch", options.maxBatch ?? 32, 1, 10_000),
      userDir: options.userDir,
      retry: options.retry ?? RETRY_BACKOFF,
    };
  }

  /** Models that are in use, for who wants to show them. */
  inUse(): readonly InUse[] {
    return [...this.#runners.values()].map(({ runner, users }) => ({
      name: runner.name,
      users,
      restarts: runner.restarts,
      batches: runner.batches,
      samples: runner.samples,
      ...(runner.standin ? { standin: runner.standin } : {}),
    }));
  }

  /** Resolves when the users of the model have what the store's last change asked for, or stay with what they had. */
  async settled(name: string): Promise<void> {
    await this.#runners.get(name)?.runner.settled();
  }

  async use(name: string, options: UseOptions, listener: ModelListener = {}): Promise<ModelUse> {
    integerWithin("capacity", options.capacity, 1, MAX_CAPACITY);
    if (this.#isClosed) throw new InferenceClosedError("the model store is closed");
    const shared = this.#acquire(name);
    try {
      await shared.runner.ready;
      if (this.#isClosed) throw new InferenceClosedError("the model store is closed");
    } catch (error) {
      await this.#giveBack(shared);
      throw error;
    }
    return new Use(shared.runner, options, listener, () => this.#giveBack(shared));
  }

  async inspect(
    format: ModelFormat,
    files: ReadonlyMap<string, Uint8Array>,
    inputs?: readonly TensorInfo[],
  ): Promise<Inspected> {
    const { runtime, threads, userDir, memoryMb, loadTimeoutMs } = this.#options;
    const options = { runtime, threads, userDir };
    // Nobody knows yet what is in these files: whatever runs them, it is in a process, which can be bounded and ended.
    const isolation = "process";
    const sizes = [...files.values()].map(({ length }) => length);
    const host = new WorkerHost("inference/worker", {
      ...{ name: "model inspection", isolation, retries: 0 },
      memoryMb: memoryFor(isolation, memoryMb, sizes),
    });
    try {
      const request: InspectRequest = { format, files, inputs, options };
      return await host.call<Inspected>("inspect", request, { timeoutMs: loadTimeoutMs });
    } catch (error) {
      throw aboutModel(error);
    } finally {
      await host.close();
    }
  }

  /**
   * Loads a model as it would be used, with its known answers, and lets it go again.
   * @throws ModelError, OptionalModuleError
   */
  async tryOut(model: StoredModel): Promise<void> {
    // In a process, as an inspection is.
    const version = new ModelVersion(model, this.store.locate(model), { ...this.#options, isolation: "process" });
    try {
      await version.load();
    } catch (error) {
      throw aboutModel(error);
    } finally {
      await version.close();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const runners = [...this.#runners.values()];
    this.#runners.clear();
    await Promise.all(runners.map(({ runner }) => runner.close()));
  }

  #acquire(name: string): Shared {
    const known = this.#runners.get(name);
    const shared = known ?? { runner: new ModelRunner(name, this.store, this.#options), users: 0 };
    shared.users += 1;
    this.#runners.set(name, shared);
    return shared;
  }

  async #giveBack(shared: Shared): Promise<void> {
    shared.users -= 1;
    if (shared.users > 0) return;
    if (this.#runners.get(shared.runner.name) === shared) this.#runners.delete(shared.runner.name);
    await shared.runner.close();
  }
}

interface Shared {
  readonly runner: ModelRunner;
  users: number;
}

export interface InUse {
  readonly name: string;
  readonly users: number;
  readonly restarts: number;
  readonly batches: number;
  readonly samples: number;
  /** The version that runs in place of the current one, where that does not. */
  readonly standin?: Standin;
}

/** Whatever goes wrong with a file that nobody knows yet is the file's fault, as is a worker that it ended. */
function aboutModel(error: unknown): Error {
  const isTold = error instanceof Error && [ModelError.name, OptionalModuleError.name].includes(error.name);
  if (isTold) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ModelError(`the model does not run: ${message}`, { cause: error });
}

class Use implements ModelUse {
  readonly #queue: RequestQueue;
  readonly #latency = new RecentLatency();
  #isReleased = false;

  constructor(
    private readonly runner: ModelRunner,
    options: UseOptions,
    private readonly listener: ModelListener,
    private readonly onRelease: () => Promise<void>,
  ) {
    this.#queue = new RequestQueue(options);
    runner.join(this.#queue, listener);
  }

  get model(): StoredModel {
    return this.runner.live.model;
  }

  get runtime(): string {
    return this.runner.live.runtime;
  }

  get standin(): Standin | undefined {
    return this.runner.standin;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get givenUp(): number {
    return this.#queue.givenUp;
  }

  get restarts(): number {
    return this.runner.restarts;
  }

  latency(): Percentiles | undefined {
    return this.#latency.percentiles();
  }

  async run(request: Request): Promise<Tensors | undefined> {
    const [result] = await this.runAll([request]);
    if (result?.status === "fulfilled") return result.value;
    throw result?.reason;
  }

  runAll(requests: readonly Request[]): Promise<PromiseSettledResult<Tensors | undefined>[]> {
    if (this.#isReleased) {
      return Promise.allSettled(
        requests.map(() => Promise.reject(new InferenceClosedError("the model was given back"))),
      );
    }
    const entries: Entry[] = [];
    const answers = requests.map((request) => this.#answer(request, entries));
    this.#queue.add(entries, () => this.runner.wake());
    return Promise.allSettled(answers);
  }

  /** Makes the entry of a request; what does not fit the model never reaches the queue. */
  #answer({ inputs, key }: Request, entries: Entry[]): Promise<Tensors | undefined> {
    return new Promise((resolve, reject) => {
      const version = this.runner.live;
      const count = checkInputs(inputs, version.model.manifest.inputs);
      const began = performance.now();
      version.outstanding += 1;
      entries.push({
        ...{ inputs, key, count, version, deaths: 0, shape: sampleShape(inputs) },
        resolve: (outputs) => {
          version.outstanding -= 1;
          if (outputs) this.#latency.record(performance.now() - began);
          resolve(outputs);
        },
        reject: (error) => {
          version.outstanding -= 1;
          reject(error);
        },
      });
    });
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.runner.leave(this.#queue, this.listener);
    this.#queue.close(new InferenceClosedError(`model ${this.runner.name}: given back before it answered`));
    await this.onRelease();
  }
}
