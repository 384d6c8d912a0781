import { resolve } from "node:path";
import { ConfigError, type ConfigOf, defineNode, type NodeContext, type NodeModule } from "../../../kit";
import type { AdminRequest, AdminResponse } from "../../../kit/red";
import { unpackBundle } from "../../../lib/inference";
import { ModelError } from "../../../lib/model/contract";
import { publicKey } from "../../../lib/model/store";
import { countOf } from "../../../lib/text/plural";
import { listingOf } from "./list-models";
import type { Listing, NotDeployed } from "./listing";
import { schema } from "./schema";
import { ModelsNodeService } from "./service";

const MEGABYTE = 1024 * 1024;
/** How often changes that other processes make, such as the command line, are looked for. */
const REFRESH_MS = 2000;
const STATUS_MS = 10_000;
/** How often files that no version needs any more are looked for. */
const PRUNE_MS = 3_600_000;
/** Head of an upload, beside the model itself. */
const HEAD_BYTES = 8 * MEGABYTE;

/** By node id, for dialogs, which open before anything is deployed too. */
const deployed = new Map<string, ModelsNodeService>();

const modelsNode = defineNode(
  schema,
  (context) => {
    const service = serviceOf(context);
    deployed.set(context.id, service);
    context.onClose(async () => {
      if (deployed.get(context.id) === service) deployed.delete(context.id);
      await service.close();
    });
    return {
      service,
      async start() {
        await service.ownKey();
        await showStatus(context, service);
        context.every(REFRESH_MS, () => service.refresh());
        context.every(PRUNE_MS, async () => void (await service.prune()));
        context.every(STATUS_MS, () => showStatus(context, service));
      },
    };
  },
  {
    routes: {
      list: { method: "get", handle: (service) => listingOf(service as ModelsNodeService) },
      import: {
        method: "post",
        handle: (service, request) => answered(() => importUpload(service as ModelsNodeService, request)),
      },
      activate: {
        method: "post",
        handle: (service, { query }) => answered(() => goBack(service as ModelsNodeService, query)),
      },
      retry: {
        method: "post",
        handle: (service, { query }) => answered(() => (service as ModelsNodeService).tryAgain(String(query.name))),
      },
      remove: {
        method: "post",
        handle: (service, { query }) => answered(() => (service as ModelsNodeService).remove(String(query.name))),
      },
    },
  },
);

/** Besides the models: the same list for dialogs, where a node that is not deployed is no error. */
const models: NodeModule = (red) => {
  modelsNode(red);
  red.httpAdmin.get(
    "/gatewise/models/listing",
    red.auth.needsPermission("gatewise.read"),
    ({ query }: AdminRequest, response: AdminResponse) => {
      const service = deployed.get(String(query.id));
      const listing: Promise<Listing | NotDeployed> = service
        ? listingOf(service)
        : Promise.resolve({ deployed: false });
      listing.then(
        (answer) => response.json(answer),
        (error) => response.status(500).json({ error: String(error) }),
      );
    },
  );
};

export default models;

type Context = NodeContext<typeof schema>;

function serviceOf(context: Context): ModelsNodeService {
  const { config, userDir } = context;
  try {
    return new ModelsNodeService(
      {
        folder: resolve(userDir, config.folder),
        trusted: trustedOf(config),
        threshold: config.threshold,
        maxModelBytes: config.maxModel * MEGABYTE,
        maxBytes: config.maxSize * MEGABYTE,
        keepVersions: config.keep,
        onWarning: (warning) => context.warn(warning),
      },
      {
        runtime: config.runtime,
        threads: config.threads,
        timeoutMs: config.timeout * 1000,
        memoryMb: config.memory,
        isolation: config.isolation,
        maxBatch: config.maxBatch,
        userDir,
      },
      config.flowsImport,
    );
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function trustedOf({ trusted }: ConfigOf<typeof schema>) {
  return trusted.map(({ name, key }) => publicKey(key, name));
}

async function showStatus({ status }: Context, service: ModelsNodeService): Promise<void> {
  const { models, problems } = await service.inspect();
  const [first] = problems;
  const [standin] = service.inference.inUse().flatMap((each) => each.standin ?? []);
  if (first) status.warn(`${first.name}: ${first.reason}`);
  else if (standin) status.warn(standin.reason);
  else status.ok(countOf(models.length, "model"));
}

async function importUpload(service: ModelsNodeService, request: AdminRequest) {
  const limit = service.maxModelBytes + HEAD_BYTES;
  const bundle = unpackBundle(await bodyOf(request as unknown as AsyncIterable<Uint8Array>, limit));
  const { manifest } = await service.import(bundle);
  return { name: manifest.name, version: manifest.version, seq: manifest.seq, format: manifest.format };
}

/** The body as it comes; no more of it is kept than may be. */
async function bodyOf(request: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > limit) throw new ModelError(`the upload is larger than the ${limit} bytes that it may have`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function goBack(service: ModelsNodeService, { name, seq }: AdminRequest["query"]) {
  const { manifest } = await service.activate(String(name), Number(seq), { allowRollback: true });
  return { name: manifest.name, seq: manifest.seq };
}

/** What is wrong with a model is the sender's concern, not a failure of ours. */
async function answered<T>(work: () => Promise<T>): Promise<T | { readonly done: true }> {
  try {
    return (await work()) ?? { done: true };
  } catch (error) {
    const isAboutModel = error instanceof Error && ["ModelError", "OptionalModuleError"].includes(error.name);
    throw isAboutModel ? Object.assign(error, { code: "invalid" }) : error;
  }
}
