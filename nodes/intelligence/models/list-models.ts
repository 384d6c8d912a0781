import type { StoredModel } from "../../../lib/model/contract";
import type { ListedModel, Listing } from "./listing";
import type { ModelsNodeService } from "./service";

export async function listingOf(service: ModelsNodeService): Promise<Listing> {
  const { models, problems } = await service.inspect();
  const own = await service.ownKey();
  const names = new Map([own, ...service.trusted].map(({ kid, name }) => [kid, name]));
  const inUse = new Map(service.inference.inUse().map((each) => [each.name, each]));
  const listed = await Promise.all(
    models.map(async ({ manifest, signedBy }: StoredModel): Promise<ListedModel> => {
      const { name, version, seq, format, task, created, files, preprocess, inputs, outputs } = manifest;
      const versions = await service.versions(name);
      const { users = 0, standin } = inUse.get(name) ?? {};
      return {
        ...{ name, version, seq, format, task, created },
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        sensors: preprocess?.sensors ?? [],
        inputs: inputs.map((input) => `${input.name} [${input.shape.join(", ")}]`),
        outputs: outputs.map((output) => output.sensor ?? output.name),
        signedBy: signedBy.map((kid) => names.get(kid) ?? kid),
        older: versions.filter((other) => other < seq).toReversed(),
        users,
        ...(standin ? { standin } : {}),
      };
    }),
  );
  return { models: listed, problems, key: own.text, kid: own.kid };
}
