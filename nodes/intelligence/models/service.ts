import type { InferenceOptions } from "../../../lib/inference";
import { Models } from "../../../lib/inference";
import type { ModelStoreOptions } from "../../../lib/model/store";

/** What nodes get by linking to the models: store, inference, and whether flows may import. */
export class ModelsNodeService extends Models {
  constructor(
    options: ModelStoreOptions,
    inference: InferenceOptions,
    readonly flowsMayImport: boolean,
  ) {
    super(options, inference);
  }
}
