import { type BackoffOptions, backoffDelay } from "../backoff/backoff";
import type { StoredModel } from "../model/contract";
import type { ExpectedFile } from "../model/store";
import { WorkerDiedError, WorkerHost, WorkerTimeoutError } from "../workers";
import { isolationOf, type ModelIsolation, memoryFor } from "./native";
import { type LoadedInfo, type LoadRequest, NOT_LOADED, type RunRequest, type RuntimeOptions } from "./protocol";
import { isBatched, type Tensors } from "./tensor";

export interface ExecutionOptions extends RuntimeOptions {
  /** Longest time of one run, ms. */
  readonly timeoutMs: number;
  /** Longest time that loading, checking and warming up may take, ms. */
  readonly loadTimeoutMs: number;
  /** Most memory of a worker: of a thread its JavaScript heap, of a process all besides the model's files. MB. */
  readonly memoryMb: number;
  readonly isolation: ModelIsolation;
  /** Most samples that run together. */
  readonly maxBatch: number;
  /** When a current version that could not be loaded is tried again. */
  readonly retry: BackoffOptions;
}

/** One version of a model in a worker of its own, which is replaced and loaded again when it dies. */
export class ModelVersion {
  /** Requests made for this version that are not answered yet. */
  outstanding = 0;
  readonly maxBatch: number;
  #info: LoadedInfo | undefined;
  #isLoaded = false;
  #failures = 0;
  #notBefore = 0;
  #lastFailure: Error | undefined;
  readonly #host: WorkerHost;

  constructor(
    readonly model: StoredModel,
    private readonly files: readonly ExpectedFile[],
    private readonly options: ExecutionOptions,
  ) {
    const { name, format, inputs, outputs } = model.manifest;
    this.maxBatch = isBatched(inputs) && isBatched(outputs) ? options.maxBatch : 1;
    const isolation = isolationOf(format, options.isolation, options);
    const sizes = files.map(({ size }) => size);
    this.#host = new WorkerHost("inference/worker", {
      name: `model ${name}`,
      timeoutMs: options.timeoutMs,
      memoryMb: memoryFor(isolation, options.memoryMb, sizes),
      retries: 0,
      isolation,
    });
  }

  /** Workers that died and were replaced. */
  get restarts(): number {
    return this.#host.restarts;
  }

  /** Name and version of the runtime; empty before the first load. */
  get runtime(): string {
    return this.#info?.runtime ?? "";
  }

  /**
   * Loads, checks with the known answers, and warms up. After two failures it waits longer and longer before it tries again;
   * until then it fails at once in the same way.
   * @throws ModelError, OptionalModuleError, WorkerDiedError, WorkerTimeoutError
   */
  async load(): Promise<void> {
    if (this.#lastFailure && Date.now() < this.#notBefore) throw this.#lastFailure;
    const { threads, runtime, userDir, loadTimeoutMs } = this.options;
    const request: LoadRequest = {
      manifest: this.model.manifest,
      files: this.files,
      options: { threads, runtime, userDir },
    };
    try {
      this.#info = await this.#host.call<LoadedInfo>("load", request, { timeoutMs: loadTimeoutMs });
      this.#isLoaded = true;
      this.#failures = 0;
      this.#lastFailure = undefined;
    } catch (error) {
      this.#lastFailure = this.#named(error as Error);
      this.#failures += 1;
      if (this.#failures > 1) this.#notBefore = Date.now() + backoffDelay(this.#failures - 2);
      throw this.#lastFailure;
    }
  }

  /** What goes wrong in the thread does not know which of a user's models it is. */
  #named(error: Error): Error {
    const { name, version, seq } = this.model.manifest;
    if (error.message.startsWith(`model ${name}`)) return error;
    error.message = `model ${name} ${version} (${seq}): ${error.message}`;
    return error;
  }

  /** @throws the runtime's error, WorkerDiedError, WorkerTimeoutError, or why it cannot be loaded again */
  async run(request: RunRequest): Promise<Tensors> {
    if (!this.#isLoaded) await this.load();
    try {
      return await this.#host.call<Tensors>("run", request);
    } catch (error) {
      if (error instanceof WorkerDiedError || error instanceof WorkerTimeoutError) this.#isLoaded = false;
      if (!isNotLoaded(error)) throw error;
      // The worker ended between two runs.
      await this.load();
      return await this.#host.call<Tensors>("run", request);
    }
  }

  /** Ends the worker, and with it all that the model took. */
  close(): Promise<void> {
    return this.#host.close();
  }
}

function isNotLoaded(error: unknown): boolean {
  return error instanceof Error && error.name === NOT_LOADED;
}
