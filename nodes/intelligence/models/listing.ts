import type { StoredModel } from "../../../lib/model/contract";
import type { ModelsNodeService } from "./service";

/** What the dialog and scripts see of a model. */
export interface ListedModel {
  readonly name: string;
  readonly version: string;
  readonly seq: number;
  readonly format: string;
  readonly task: string;
  readonly created: string;
  readonly bytes: number;
  /** Sensors that its inputs are made of; none for models that take tensors only. */
  readonly sensors: readonly string[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of the keys that signed. */
  readonly signedBy: readonly string[];
  /** Sequence numbers that can be gone back to, the newest first. */
  readonly older: readonly number[];
  /** Nodes that have it loaded now. */
  readonly users: number;
}

export interface Listing {
  readonly models: readonly ListedModel[];
  /** Those that cannot be used. */
  readonly problems: readonly { readonly name: string; readonly reason: string }[];
  /** This gateway's public key. */
  readonly key: string;
  readonly kid: string;
}

export async function listingOf(service: ModelsNodeService): Promise<Listing> {
  const { models, problems } = await service.inspect();
  const own = await service.ownKey();
  const names = new Map([own, ...service.trusted].map(({ kid, name }) => [kid, name]));
  const users = new Map(service.inference.inUse().map((each) => [each.name, each.users]));
  const listed = await Promise.all(
    models.map(async ({ manifest, signedBy }: StoredModel): Promise<ListedModel> => {
      const { name, version, seq, format, task, created, files, preprocess, inputs, outputs } = manifest;
      const versions = await service.versions(name);
      return {
        ...{ name, version, seq, format, task, created },
        bytes: files.reduce((sum, { size }) => sum + size, 0),
        sensors: preprocess?.sensors ?? [],
        inputs: inputs.map((input) => `${input.name} [${input.shape.join(", ")}]`),
        outputs: outputs.map((output) => output.sensor ?? output.name),
        signedBy: signedBy.map((kid) => names.get(kid) ?? kid),
        older: versions.filter((other) => other < seq).toReversed(),
        users: users.get(name) ?? 0,
      };
    }),
  );
  return { models: listed, problems, key: own.text, kid: own.kid };
}
