import type { NodeContext } from "../../../kit";
import type { BackoffOptions } from "../../../lib/backoff/backoff";
import type { ModelUse, UseOptions } from "../../../lib/inference";
import { type InputSpec, inputSpec } from "../../../lib/inference/readings";
import { Retries } from "../../../lib/inference/retries";
import type { ModelManifest } from "../../../lib/model/contract";
import type { ModelsNodeService } from "../models/service";

/**
 * The node's hold on its model. The model need not be there yet: as soon as the store has it, or another version after one that
 * could not be used, it is loaded; and now and then, when it could not for a reason that may pass.
 */
export class ModelLink {
  #use: ModelUse | undefined;
  #problem = "";
  #spec: { readonly id: string; readonly spec: InputSpec | undefined } | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;
  readonly #retries: Retries;

  constructor(
    private readonly context: Pick<NodeContext, "status" | "log" | "warn" | "fail" | "onClose">,
    private readonly service: ModelsNodeService,
    private readonly name: string,
    private readonly options: UseOptions,
    private readonly onSwap: (manifest: ModelManifest) => void,
    backoff?: BackoffOptions,
  ) {
    this.#retries = new Retries(() => void this.#open(), backoff);
  }

  /** Never rejects: what is wrong shows in the status, and when the model is used. */
  async start(): Promise<void> {
    const stopListening = this.service.onChange(this.name, () => {
      this.#retries.reset();
      void this.#open();
    });
    this.context.onClose(stopListening);
    await this.#open();
  }

  /** @throws Error saying why there is no model */
  get use(): ModelUse {
    if (this.#use) return this.#use;
    throw new Error(this.#problem || `model ${this.name}: being loaded`);
  }

  get current(): ModelUse | undefined {
    return this.#use;
  }

  /** The model, after waiting for one that is just being loaded. @throws Error saying why there is none */
  async opened(): Promise<ModelUse> {
    await this.#opening;
    return this.use;
  }

  /** How the model in use takes readings. @throws Error when there is no model or it takes tensors only */
  get spec(): InputSpec {
    const { id, manifest } = this.use.model;
    if (this.#spec?.id !== id) this.#spec = { id, spec: inputSpec(manifest) };
    const { spec } = this.#spec;
    if (spec) return spec;
    const inputs = manifest.inputs.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
    throw new Error(`model ${this.name} takes tensors only (${inputs}): nothing tells how readings become its input`);
  }

  async close(): Promise<void> {
    // A model that is still being loaded gives itself back: loading may take longer than closing may.
    this.#isClosed = true;
    this.#retries.reset();
    await this.#use?.release();
  }

  #open(): Promise<void> {
    if (this.#use || this.#isClosed) return Promise.resolve();
    this.#opening = (this.#opening ?? Promise.resolve()).then(() => this.#tryToOpen());
    return this.#opening;
  }

  async #tryToOpen(): Promise<void> {
    if (this.#use || this.#isClosed) return;
    this.context.status.busy(`loading ${this.name}`);
    try {
      const use = await this.service.inference.use(this.name, this.options, {
        onSwap: (manifest) => {
          this.context.log(`${this.name}: version ${manifest.version} (${manifest.seq}) took over`);
          this.context.status.ok(`${this.name} ${manifest.version}: ready`);
          this.onSwap(manifest);
        },
        onProblem: (problem) => this.context.fail(problem),
      });
      if (this.#isClosed) return await use.release();
      this.#use = use;
      this.#retries.reset();
      const { manifest } = use.model;
      if (use.standin) this.context.status.warn(use.standin.reason);
      else this.context.status.ok(`${this.name} ${manifest.version}: ready`);
      this.onSwap(manifest);
    } catch (error) {
      if (this.#isClosed) return;
      const reason = error instanceof Error ? error : new Error(String(error));
      const isKnown = this.#problem === reason.message;
      this.#problem = reason.message;
      this.context.status.error(this.#problem);
      const next = this.#retries.after(reason);
      if (!isKnown) this.context.warn(next === undefined ? this.#problem : `${this.#problem}; it is tried again`);
    }
  }
}
