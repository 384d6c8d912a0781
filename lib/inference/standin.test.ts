import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedTree, TemporaryModels, treeDocument } from "../../test/support/models";
import { until } from "../../test/support/red";
import type { StoredModel } from "../model/contract";
import { ModelStore } from "../model/store";
import type { ModelUse } from "./contract";
import { Inference } from "./inference";

/** Cannot give the current version while the machine lacks something. */
class PoorStore extends ModelStore {
  lack: string | undefined;
  tries = 0;

  override async get(name: string): Promise<StoredModel> {
    const model = await super.get(name);
    this.tries += 1;
    if (this.lack) throw new Error(this.lack);
    return model;
  }
}

const LACK = "ENOMEM: not enough memory, read";
const QUICK = { baseMs: 2, capMs: 4 };
const RARE = { baseMs: 3_600_000, capMs: 3_600_000 };

let models: TemporaryModels;
let store: PoorStore;
let inference: Inference;
let problems: string[];
let swaps: string[];

beforeEach(async () => {
  models = new TemporaryModels();
  store = new PoorStore({ folder: models.folder });
  [problems, swaps] = [[], []];
  await store.add(storedTree({ version: "1.0" }));
  await store.add(storedTree({ version: "2.0" }, treeDocument(10, 20)));
});
afterEach(async () => {
  await inference.close();
  models.remove();
});

async function run(retry: { baseMs: number; capMs: number }): Promise<ModelUse> {
  inference = new Inference(store, { retry });
  const listener = {
    onProblem: ({ message }: Error) => problems.push(message),
    onSwap: ({ version }: { version: string }) => swaps.push(version),
  };
  return inference.use("tree", { policy: "block", capacity: 10 }, listener);
}

describe("a current version that could not be loaded", () => {
  it("takes over by itself when the reason has passed; the same reason is told once", async () => {
    store.lack = LACK;
    const tree = await run(QUICK);
    expect(tree.model.manifest.version).toBe("1.0");
    expect(tree.standin).toMatchObject({ version: "1.0", seq: 1, reason: expect.stringContaining(LACK) });
    expect(tree.standin?.nextTry).toBeGreaterThan(0);
    expect(inference.inUse()).toMatchObject([{ name: "tree", standin: { seq: 1 } }]);
    await until(() => store.tries > 3, "several tries");
    store.lack = undefined;
    await until(() => tree.model.manifest.version === "2.0", "the current version");
    expect(tree.standin).toBeUndefined();
    expect(inference.inUse()[0]).not.toHaveProperty("standin");
    expect(problems).toEqual([`model tree: version 1.0 (1) runs in place of 2.0 (2): ${LACK}`]);
    expect(swaps).toEqual(["2.0"]);
  });

  it("takes over also where it came while the other one ran", async () => {
    const tree = await run(QUICK);
    store.lack = LACK;
    await store.add(storedTree({ version: "3.0" }, treeDocument(5, 6)));
    await until(() => store.tries > 4, "several tries");
    expect(tree.standin).toMatchObject({ version: "2.0", reason: expect.stringContaining("2.0 (2) stays in use") });
    store.lack = undefined;
    await until(() => tree.model.manifest.version === "3.0", "the current version");
    expect([problems.length, tree.standin]).toEqual([1, undefined]);
  });

  it("is not tried again by itself when the reason turns out to stay, which is told", async () => {
    store.lack = LACK;
    const tree = await run(QUICK);
    store.lack = "golden case 1: expected 5, got 3";
    await until(() => problems.length === 2, "the other reason");
    expect(problems[1]).toBe("model tree: version 1.0 (1) stays in use: golden case 1: expected 5, got 3");
    expect(tree.standin).toMatchObject({ reason: problems[1] });
    expect(tree.standin).not.toHaveProperty("nextTry");
  });

  it("is tried at once when it is asked for, here or by another process, and the outcome is told", async () => {
    store.lack = LACK;
    const tree = await run(RARE);
    await store.askAgain("tree");
    await inference.settled("tree");
    expect(problems).toHaveLength(2);
    const elsewhere = models.store();
    await elsewhere.askAgain("tree");
    store.lack = undefined;
    expect(tree.model.manifest.version).toBe("1.0");
    await store.refresh();
    await inference.settled("tree");
    expect(tree.model.manifest.version).toBe("2.0");
    await elsewhere.remove("tree");
    await expect(elsewhere.askAgain("tree")).rejects.toThrow("there is none of this name");
  });

  it("is tried at once when it is activated again", async () => {
    store.lack = LACK;
    const tree = await run(RARE);
    store.lack = undefined;
    await models.store().activate("tree", 2);
    await store.refresh();
    await inference.settled("tree");
    expect(tree.model.manifest.version).toBe("2.0");
  });

  it("is not missed any more when somebody goes back to the one that runs", async () => {
    store.lack = LACK;
    const tree = await run(RARE);
    store.lack = undefined;
    await store.activate("tree", 1, { allowRollback: true });
    await inference.settled("tree");
    expect([tree.model.manifest.version, tree.standin]).toEqual(["1.0", undefined]);
  });
});
