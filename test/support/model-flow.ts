import { afterEach, beforeEach } from "vitest";
import { TemporaryModels } from "./models";
import { stopFlow } from "./red";

/** Gives each test of the file or block a model store of its own, which goes when its flow has ended. */
export function modelsOfEachTest(): Pick<TemporaryModels, "folder" | "store"> {
  let models: TemporaryModels;
  beforeEach(() => {
    models = new TemporaryModels();
  });
  afterEach(async () => {
    await stopFlow();
    models.remove();
  });
  return {
    get folder() {
      return models.folder;
    },
    store: (options) => models.store(options),
  };
}
