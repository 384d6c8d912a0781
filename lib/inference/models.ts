import { ModelError, type StoredModel } from "../model/contract";
import { ModelStore, type ModelStoreOptions } from "../model/store";
import { type Bundle, packBundle } from "./bundle";
import type { ModelsService } from "./contract";
import { checkDescription, describeModel } from "./import";
import { Inference, type InferenceOptions } from "./inference";
import { elementsOf, MAX_ELEMENTS, shapeText } from "./tensor";

/** The model store with what runs its models: what the config node serves and the command line uses. */
export class Models extends ModelStore implements ModelsService {
  readonly inference: Inference;

  /** @throws RangeError naming the option */
  constructor(options: ModelStoreOptions, inference: InferenceOptions = {}) {
    super(options);
    this.inference = new Inference(this, inference);
  }

  /**
   * Imports a model: loads it once to find out its inputs, outputs and answers, and signs it with this gateway's key; or
   * installs one that was exported elsewhere, when a trusted key signed it.
   * @throws ModelError, OptionalModuleError
   */
  async import({ about, manifest, files }: Bundle): Promise<StoredModel> {
    if (manifest) return this.install(manifest, files);
    const size = [...files.values()].reduce((sum, data) => sum + data.length, 0);
    if (size > this.maxModelBytes) {
      throw new ModelError(`the model has ${size} bytes, more than the ${this.maxModelBytes} that one may have`);
    }
    const description = checkDescription(about);
    return this.add(await describeModel(description, files, (...asked) => this.inference.inspect(...asked)));
  }

  /** What would fail when it is used is refused before: that of a gateway which is on its own must not wait for its next start. */
  protected override async tryOut(model: StoredModel): Promise<void> {
    for (const { name, shape } of model.manifest.inputs) {
      const elements = elementsOf(shape.map((size) => Math.max(1, size)));
      if (elements <= MAX_ELEMENTS) continue;
      throw new ModelError(
        `input "${name}" of shape ${shapeText(shape)} takes ${elements} values, more than ${MAX_ELEMENTS}`,
      );
    }
    await this.inference.tryOut(model);
  }

  /**
   * Has the current version loaded again where another one runs in its place, and waits for what comes of it.
   * @throws ModelError when there is none of this name
   */
  async tryAgain(name: string): Promise<void> {
    await this.askAgain(name);
    await this.inference.settled(name);
  }

  /** The model in one file, for another gateway that trusts this one's key. @throws ModelError */
  async export(name: string): Promise<Buffer> {
    const model = await this.get(name);
    return packBundle({ manifest: await this.signed(model), files: await this.read(model) });
  }

  /** Ends all workers. */
  close(): Promise<void> {
    return this.inference.close();
  }
}
