import type { ModelFormat, ModelManifest, ModelStoreService, StoredModel, TensorInfo } from "../model/contract";
import type { Percentiles } from "./latency";
import type { Inspected } from "./protocol";
import type { Standin } from "./standin";
import type { Tensors } from "./tensor";

/** What happens to samples that come faster than the model runs. */
export type QueuePolicy =
  /** Who submits waits; nothing is lost. */
  | "block"
  /** The oldest waiting sample is given up, with an error. */
  | "dropOldest"
  /** Of each key, such as a device, only the newest waits; who submitted an older one gets undefined. */
  | "latest";

export interface UseOptions {
  readonly policy: QueuePolicy;
  /** Samples that may wait. */
  readonly capacity: number;
}

/** One or several samples for a model. */
export interface Request {
  readonly inputs: Tensors;
  /** For the policy "latest". */
  readonly key?: string;
}

/** A model as one of its users has it. Its worker is shared by all users of the name. */
export interface ModelUse {
  /** The version that takes what is submitted now. */
  readonly model: StoredModel;
  /** Name and version of the runtime. */
  readonly runtime: string;
  /** Set while that is not the current one, which does not load. */
  readonly standin: Standin | undefined;
  /** Requests of this user that wait. */
  readonly waiting: number;
  /** Requests of this user that gave way to newer ones. */
  readonly givenUp: number;
  /** Workers of the model that died and were replaced. */
  readonly restarts: number;
  /** Of this user's requests, from submission to answer, ms; undefined before the first. */
  latency(): Percentiles | undefined;
  /**
   * Runs a request, together with those of others where the model allows it.
   * @returns the outputs, or undefined when a newer request took its place
   * @throws ModelError when the inputs do not fit; QueueFullError, WorkerDiedError, WorkerTimeoutError, InferenceClosedError, or the runtime's error
   */
  run(request: Request): Promise<Tensors | undefined>;
  /** The same for several requests, in their order: none of another call comes between them. */
  runAll(requests: readonly Request[]): Promise<PromiseSettledResult<Tensors | undefined>[]>;
  /** Gives the model back; the last one ends its worker. Requests that wait are rejected. */
  release(): Promise<void>;
}

export interface ModelListener {
  /** Another version takes over from now on. */
  onSwap?(manifest: ModelManifest): void;
  /** Something went wrong that belongs to no request, such as a new version that is not fit to be used. */
  onProblem?(problem: Error): void;
}

/** Runs models of the store beside the event loop. */
export interface InferenceService {
  /**
   * The named model, loaded, checked with its known answers, and warm.
   * @throws ModelError, OptionalModuleError
   */
  use(name: string, options: UseOptions, listener?: ModelListener): Promise<ModelUse>;
  /**
   * Looks at files that are to be imported, in a process of their own, whatever the runtime.
   * @param inputs what the model is to take, where that is known better than the file tells
   */
  inspect(
    format: ModelFormat,
    files: ReadonlyMap<string, Uint8Array>,
    inputs?: readonly TensorInfo[],
  ): Promise<Inspected>;
}

/** What the config node "models" serves. */
export interface ModelsService extends ModelStoreService {
  readonly inference: InferenceService;
}
