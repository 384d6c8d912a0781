import { afterEach, describe, expect, it } from "vitest";
import { WorkerDiedError } from "../../../lib/workers/errors";
import { storedTree, TemporaryModels } from "../../../test/support/models";
import { until } from "../../../test/support/red";
import { ModelsNodeService } from "../models/service";
import { ModelLink } from "./model-link";

const ending: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** A link to the model "tree", whose loading fails with the reason as long as there is one. */
async function linked(failing: { reason: Error | undefined }) {
  const temporary = new TemporaryModels();
  ending.push(() => temporary.remove());
  const service = new ModelsNodeService({ folder: temporary.folder }, {}, false);
  ending.push(() => service.close());
  await service.add(storedTree());
  const use = service.inference.use.bind(service.inference);
  const heard = { tries: 0, warnings: [] as string[], status: "" };
  service.inference.use = async (...asked) => {
    heard.tries += 1;
    if (failing.reason) throw failing.reason;
    return use(...asked);
  };
  const show = (text: string): void => {
    heard.status = text;
  };
  const context = {
    status: { ok: show, warn: show, error: show, busy: show, idle: show },
    warn: (text: string) => void heard.warnings.push(text),
    log: () => undefined,
    fail: () => undefined,
    onClose: (work: () => unknown) => void ending.push(work),
  } as unknown as ConstructorParameters<typeof ModelLink>[0];
  const options = { policy: "block", capacity: 10 } as const;
  const link = new ModelLink(context, service, "tree", options, () => undefined, { baseMs: 2, capMs: 4 });
  ending.push(() => link.close());
  await link.start();
  return { link, heard, service };
}

describe("a model of which no version could be loaded", () => {
  it("is tried again when the reason may pass, and warned of once", async () => {
    const failing = { reason: new WorkerDiedError("the worker ended: no memory") as Error | undefined };
    const { link, heard } = await linked(failing);
    expect(() => link.use).toThrow("the worker ended: no memory");
    await until(() => heard.tries > 3, "several tries");
    failing.reason = undefined;
    await until(() => link.current !== undefined, "the model");
    expect(heard.warnings).toEqual(["the worker ended: no memory; it is tried again"]);
    expect(heard.status).toBe("tree 1.0.0: ready");
  });

  it("is tried when somebody asks for it, whatever the reason", async () => {
    const failing = { reason: new Error("golden case 1") as Error | undefined };
    const { link, heard, service } = await linked(failing);
    expect(heard).toMatchObject({ tries: 1, warnings: ["golden case 1"] });
    failing.reason = undefined;
    await service.tryAgain("tree");
    await until(() => link.current !== undefined, "the model");
  });
});
