import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineNode, metricsOfNodes } from "../../../kit";
import { link, nodeSchema } from "../../../kit/schema";
import type { Reading } from "../../../lib/reading";
import { openStore, type Store } from "../../../lib/store";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import storeNode from "./store";

/** The smallest node that uses a store: appends what it gets to the history. */
const writer = defineNode(
  nodeSchema("writer", {
    ...{ family: "storage", summary: "Under test.", version: 1, inputs: 1, outputs: ["written"] },
    config: { store: link("Store", "gatewise-store") },
  }),
  (context) => {
    const store = context.use<Store>("store");
    return {
      readings(batch) {
        store.history.append(batch);
        return batch;
      },
    };
  },
);

const reading = (timestamp: number): Reading => ({
  ...{ deviceId: "d", sensor: "s", value: Math.random(), unit: "1", quality: "good" },
  timestamp,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-store-node-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(folder, { recursive: true, force: true });
});

async function run(config: Record<string, unknown> = {}): Promise<void> {
  await startFlow(
    [storeNode, writer],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "gatewise.db"), ...config },
      { id: "writer", type: "gatewise-writer", store: "store", wires: [["written"]] },
      { id: "written", type: "helper" },
      { id: "catch", type: "catch", scope: ["writer"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
}

describe("the store node", () => {
  it("keeps what was written over a redeploy, in a file that is closed with it", async () => {
    await run();
    const written = messagesAt("written");
    nodeOf("writer").receive({ payload: [reading(1), reading(2)] });
    await until(() => written.length === 1, "the readings to be written");
    await stopFlow();
    expect(readdirSync(folder)).toEqual(["gatewise.db"]);
    await run();
    const store = openStore(join(folder, "gatewise.db"));
    expect(store.history.query({ deviceId: "d" }).map(({ timestamp }) => timestamp)).toEqual([1, 2]);
    store.close();
  });

  it("puts a relative file below the user directory, which in this runtime is the working directory", async () => {
    await run({ file: `gatewise-test-${process.pid}/x.db` });
    const expected = join(process.cwd(), `gatewise-test-${process.pid}`);
    expect(existsSync(join(expected, "x.db"))).toBe(true);
    await stopFlow();
    rmSync(expected, { recursive: true });
  });

  it("begins a new file when the old one is damaged", async () => {
    writeFileSync(join(folder, "gatewise.db"), "nonsense ".repeat(1000));
    await run();
    const written = messagesAt("written");
    nodeOf("writer").receive({ payload: [reading(1)] });
    await until(() => written.length === 1, "the reading to be written");
    expect(readdirSync(folder).some((name) => name.startsWith("gatewise.db.corrupt-"))).toBe(true);
  });

  it("says why it cannot work, to whoever wants to store something", async () => {
    writeFileSync(join(folder, "file"), "");
    await run({ file: join(folder, "file", "gatewise.db") });
    const caught = messagesAt("caught");
    nodeOf("writer").receive({ payload: [reading(1)] });
    await until(() => caught.length === 1, "the error");
    expect((caught[0]?.error as { message: string } | undefined)?.message).toMatch(
      /Store: store .*file.gatewise\.db: /,
    );
  });

  it("evicts old history by itself", async () => {
    await run({ maxMegabytes: 16 });
    const store = openStore(join(folder, "gatewise.db"));
    for (let n = 0; n < 25_000; n += 1000) {
      const batch = Array.from({ length: 1000 }, (_, i) => ({ ...reading(n + i), value: `${n + i} `.repeat(200) }));
      store.history.append(batch);
    }
    await until(() => (metricsOfNodes.of("store")?.counts["evicted readings"] ?? 0) > 0, "the eviction");
    await until(() => store.size().used <= 16 * 1024 * 1024, "the store to be within its size");
    const [oldest] = store.history.query({ deviceId: "d", limit: 1 });
    const [newest] = store.history.query({ deviceId: "d", limit: 1, order: "newest" });
    expect(oldest?.timestamp).toBeGreaterThan(0);
    expect(newest?.timestamp).toBe(24_999);
    store.close();
  });
});
