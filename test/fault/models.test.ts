import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packBundle } from "../../lib/inference";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { storedTree, TemporaryModels, treeDocument } from "../support/models";
import { until } from "../support/mosquitto";
import { reluModel } from "../support/onnx";

/** A local node file that remembers the workers that are started and ends them all on POST /kill-workers. */
const KILLER = `const threads = require("node:worker_threads");
const running = new Set();
threads.Worker = class extends threads.Worker {
  constructor(...parts) {
    super(...parts);
    running.add(this);
    this.on("exit", () => running.delete(this));
  }
};
module.exports = (RED) => {
  RED.httpAdmin.post("/kill-workers", (request, response) => {
    const killed = running.size;
    for (const worker of running) worker.terminate();
    response.json({ killed });
  });
};`;

const ROWS = 300;
/** So many rows of two sensors, then none until the next deploy. */
const feed = (rows: number): string => `const sent = (context.get("sent") ?? 0) + 1;
context.set("sent", sent);
if (sent > ${rows}) return null;
const now = 1_700_000_000_000 + 1000 * sent;
msg.payload = ["temperature", "pressure"].map((sensor) => ({
  deviceId: "m", sensor, value: sent % 20, unit: "1", timestamp: now, quality: "good",
}));
return msg;`;

interface NodeMetrics {
  readonly id: string;
  readonly metrics: { readonly in: number; readonly out: number; readonly refused: number; readonly errors: number };
}

describe("a gateway whose models", () => {
  let models: TemporaryModels;
  let gateway: Gateway;
  let pid: number;

  const flow = (rows = 1e9): FlowNode[] => [
    { id: "tab", type: "tab", label: "test" },
    { id: "models", type: "gatewise-models", version: 1, folder: models.folder, flowsImport: true },
    {
      ...place(100),
      id: "tick",
      type: "inject",
      props: [{ p: "payload" }],
      repeat: "0.02",
      once: true,
      wires: [["feed"]],
    },
    { ...place(200), id: "feed", type: "function", func: feed(rows), outputs: 1, libs: [], wires: [["predict"]] },
    {
      ...place(300),
      id: "predict",
      type: "gatewise-predict",
      version: 1,
      models: "models",
      model: "tree",
      wires: [[]],
    },
  ];
  const place = (x: number) => ({ z: "tab", x, y: 100 });
  const predicted = async () => {
    const { nodes } = await gateway.get<{ nodes: NodeMetrics[] }>("/gatewise/metrics");
    return nodes.find(({ id }) => id === "predict")?.metrics ?? { in: 0, out: 0, refused: 0, errors: 0 };
  };
  const goesOn = async (): Promise<void> => {
    const { out } = await predicted();
    await until("predictions go on", async () => (await predicted()).out > out + 5);
    expect(gateway.pid).toBe(pid);
  };
  const upload = async (name: string, file: string, bytes: Uint8Array): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${gateway.url}/gatewise/models/models/import`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(packBundle({ about: { name }, files: new Map([[file, bytes]]) })),
    });
    return { status: response.status, text: await response.text() };
  };

  beforeAll(async () => {
    models = new TemporaryModels();
    await models.store().add(storedTree());
    gateway = await startGateway({ flows: flow(), files: { "nodes/a-killer.js": KILLER, "nodes/a-killer.html": "" } });
    pid = gateway.pid;
    await goesOn();
  });
  afterAll(async () => {
    await gateway?.stop();
    models?.remove();
  });

  it("run in workers that are killed predicts on, and loses no reading silently", async () => {
    await gateway.deploy(flow(ROWS));
    await goesOn();
    for (let death = 0; death < 5; death += 1) {
      const { killed } = await gateway.post<{ killed: number }>("/kill-workers", {});
      expect(killed).toBeGreaterThan(0);
      await goesOn();
    }
    await until("every row is predicted or refused", async () => {
      const { out, refused } = await predicted();
      return out + refused === ROWS;
    });
    expect((await predicted()).in).toBe(2 * ROWS);
    expect(gateway.log()).not.toMatch(/Unhandled|uncaught/i);
  });

  it("are uploaded truncated or changed says what is wrong with each, and runs the good one on", async () => {
    await gateway.deploy(flow());
    const document = Buffer.from(JSON.stringify(treeDocument()));
    const spoilt = fc.oneof(
      spoiltBytes("model.onnx", reluModel()),
      spoiltBytes("model.json", document),
      spoiltDocument(),
    );
    for (const [index, [file, bytes]] of fc.sample(spoilt, 80).entries()) {
      const { status, text } = await upload(`spoilt-${index}`, file, bytes);
      expect([200, 400], `${status} ${text} for ${bytes.toString("hex").slice(0, 200)}`).toContain(status);
      if (status === 400) expect(text).not.toMatch(/Cannot read|is not a function|Maximum call stack|"error":""/);
    }
    await goesOn();
  });

  it("are damaged on the disk refuses those, and runs on what it has loaded", async () => {
    await gateway.deploy(flow());
    await goesOn();
    const files = join(models.folder, "files");
    for (const [index, name] of readdirSync(files, { recursive: true, encoding: "utf8" }).entries()) {
      const path = join(files, name);
      try {
        const bytes = readFileSync(path);
        if (index % 2 === 0) truncateSync(path, bytes.length >> 1);
        else writeFileSync(path, bytes.fill(0x20, 0, 10));
      } catch {
        // A folder.
      }
    }
    await goesOn();
    await gateway.deploy(flow());
    await until("the damage is told", () => /model.json: (expected 203 bytes|.*SHA-256)/.test(gateway.log()));
    expect(gateway.pid).toBe(pid);
    expect(gateway.log()).not.toMatch(/Unhandled|uncaught/i);
  });

  it("ends when it is asked to", async () => {
    expect(await gateway.stop()).toBe(0);
  });
});

/** The file cut off, with a few bytes changed, or with something behind it. */
function spoiltBytes(name: string, whole: Buffer): fc.Arbitrary<[string, Buffer]> {
  const cut = fc.nat(whole.length - 1).map((length) => Buffer.from(whole.subarray(0, length)));
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  const changed = changes.map((list) => {
    const bytes = Buffer.from(whole);
    for (const [at, value] of list) bytes[at] = value;
    return bytes;
  });
  const grown = fc.uint8Array({ minLength: 1, maxLength: 50 }).map((more) => Buffer.concat([whole, more]));
  return fc.oneof(cut, changed, grown).map((bytes) => [name, bytes]);
}

/** A model of the pack's own in which one part is not what it should be. */
function spoiltDocument(): fc.Arbitrary<[string, Buffer]> {
  const document = treeDocument();
  const part = fc.constantFrom(...Object.keys(document));
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(-1, 1e9, 2 ** 31, 1e308, "", "AAAA", "////////", [], [1e308], null, "network", "blend"),
    fc.base64String({ maxLength: 64 }),
  );
  return fc
    .tuple(part, value)
    .map(([name, other]) => ["model.json", Buffer.from(JSON.stringify({ ...document, [name]: other }))]);
}
