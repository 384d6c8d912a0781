import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { NodeModule } from "../../kit";
import type { CompleteEvent, NodeMessage } from "../../kit/red";
import { atWork, waysToWork } from "../support/at-work";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { alwaysHeld, feedFor, type Held, PROBE_FILES } from "../support/held";
import { runtimeHooks, statusOf } from "../support/hooks";
import { hostileMessage } from "../support/hostile-messages";
import { storedTree, TemporaryModels } from "../support/models";
import { until as eventually, freePort } from "../support/mosquitto";
import { builtNodes, root } from "../support/pack";
import { nodeOf, startFlow, stopFlow, until } from "../support/red";

const FAMILY = new Set(["intelligence"]);
const OTHERS = new Set(["gatewise-system-monitor"]);
const idOf = (type: string): string => type.replace("gatewise-", "the-");
const CONFIG_NODES = ["gatewise-broker", "gatewise-store", "gatewise-models"];
const built = builtNodes();
const family = built.filter(({ family: name, schema }) => FAMILY.has(name) || OTHERS.has(schema.type));
const nodes = family.filter(({ schema }) => schema.kind === "node" && schema.inputs === 1);
const links = Object.fromEntries(CONFIG_NODES.map((type) => [type, idOf(type)]));

/** A message as the node left it, and the error that it ended with. */
interface Settled {
  readonly msg: NodeMessage;
  readonly error: string | undefined;
}

const MESSAGES = 300;
/** What an error says that nobody foresaw. */
const UNFORESEEN =
  /Cannot (read|set|convert|destructure|assign)|is not (a function|iterable|a constructor|defined)|undefined \(|Maximum call stack|Invalid (array|typed array) length|out of bounds|cyclic|circular/i;

const moduleOf = async (type: string): Promise<NodeModule> => {
  const node = built.find(({ schema }) => schema.type === type);
  if (!node) throw new Error(`${type} is not built`);
  return ((await import(join(root, node.folder, `${node.name}.ts`))) as { default: NodeModule }).default;
};

/** What nodes that do not work on readings say to them. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  "gatewise-federated-server": /^expected msg.command: model, close or reset/,
  "gatewise-train": /^the training of learned is under way/,
};

/** What a node of the family can make something of: readings, or an image. */
const good = async (type: string, second: number): Promise<NodeMessage> =>
  type === "gatewise-vision" ? { payload: await greyImage(second), topic: "d9" } : goodReadings(second);

const greyImage = (second: number): Promise<Buffer> =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: { r: 100 + second, g: 100, b: 100 } } })
    .png()
    .toBuffer();

const goodReadings = (second: number): NodeMessage => ({
  payload: ["temperature", "pressure", "vibration"].map((sensor) => ({
    ...{ deviceId: "d9", sensor, value: second % 7, unit: "1", quality: "good" },
    timestamp: 1_800_000_000_000 + 1000 * second,
  })),
});

describe("hostile messages", () => {
  let models: TemporaryModels;
  let folder: string;
  const settled = new Map<string, Settled[]>();
  const settledOf = (id: string): Settled[] => settled.get(id) ?? [];

  beforeAll(async () => {
    models = new TemporaryModels();
    folder = mkdtempSync(join(tmpdir(), "gatewise-hostile-"));
    await models.store().add(storedTree());
    runtimeHooks.add("onComplete.gatewise-hostile", ({ node, error, msg }: CompleteEvent) => {
      settled.set(node.id, [...settledOf(node.id), { msg, error: error && String(error.message) }]);
    });
  });
  afterEach(stopFlow);
  afterAll(() => {
    runtimeHooks.remove("onComplete.gatewise-hostile");
    models.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  describe.each(nodes.map(({ schema }) => [schema.label, schema] as const))("to %s", (_label, schema) => {
    it(`are each answered or refused with a reason, and the node goes on: ${MESSAGES} to each way it can be set`, async () => {
      settled.clear();
      const ways = waysToWork(schema, links);
      const ids = ways.map((_, index) => `${schema.type} ${index}`);
      const wires = schema.outputs.map(() => []);
      await startFlow(await Promise.all([...CONFIG_NODES, schema.type].map(moduleOf)), [
        { id: "the-broker", type: "gatewise-broker", z: "", port: await freePort() },
        { id: "the-store", type: "gatewise-store", z: "", file: ":memory:" },
        { id: "the-models", type: "gatewise-models", z: "", folder: models.folder, flowsImport: true },
        ...ways.map((way, index) => ({ ...way, id: `${schema.type} ${index}`, type: schema.type, wires })),
      ]);
      const sensors = ["temperature", "pressure", "vibration", "federated"];
      const messages = fc.sample(hostileMessage(sensors, Object.keys(schema.commands)), {
        numRuns: MESSAGES,
      });
      for (const id of ids) {
        for (const message of messages) nodeOf(id).receive({ ...message });
        await until(() => settledOf(id).length === MESSAGES, `${id} to have settled every message`, 60_000);
      }
      const unforeseen = ids.flatMap((id) =>
        settledOf(id).filter(({ error }) => error !== undefined && UNFORESEEN.test(error)),
      );
      expect(
        unforeseen.slice(0, 3).map((one) => inspect(one, { depth: 4, maxArrayLength: 5, maxStringLength: 60 })),
      ).toEqual([]);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();

      for (const id of ids) {
        for (let second = 0; second < 20; second++) nodeOf(id).receive(await good(schema.type, second));
        await until(() => settledOf(id).length === MESSAGES + 20, `${id} to have settled good readings`, 60_000);
      }
      // The first way is one that works: it takes good readings as if nothing had been.
      const after = settledOf(`${schema.type} 0`).slice(MESSAGES);
      const refused = after.filter(({ error }) => error !== undefined && !EXPECTED[schema.type]?.test(error));
      expect(refused.slice(0, 3), statusOf(`${schema.type} 0`)).toEqual([]);
    });
  });
});

describe("a gateway with every intelligence node at work", () => {
  const WARM_UP = 10;
  const DEPLOYS = 30;
  const WINDOW = 8;
  /** A timer or thread more or less is one that comes and goes; what leaks adds one with each of the deploys between. */
  const CHANCE = 2;
  const schemas = [...family, ...built.filter(({ schema }) => CONFIG_NODES.includes(schema.type))].map(
    ({ schema }) => schema,
  );
  const unique = [...new Map(schemas.map((schema) => [schema.type, schema])).values()];
  const fed = nodes.map(({ schema }) => idOf(schema.type));
  let models: TemporaryModels;
  let gateway: Gateway;
  let port: number;

  const flow = (round: number): FlowNode[] => [
    { id: "tab", type: "tab", label: `Round ${round}` },
    feedFor(round, fed, ["temperature", "pressure", "vibration"]),
    ...unique.map((schema, index) => ({
      ...atWork(schema, links),
      ...(schema.type === "gatewise-broker" ? { port } : {}),
      ...(schema.type === "gatewise-models" ? { folder: models.folder } : {}),
      ...(schema.kind === "config" ? {} : { z: "tab", x: 300, y: 40 * index, wires: schema.outputs.map(() => []) }),
      ...{ id: idOf(schema.type), type: schema.type },
    })),
  ];

  beforeAll(async () => {
    models = new TemporaryModels();
    await models.store().add(storedTree());
    port = await freePort();
    gateway = await startGateway({ flows: flow(0), nodeArgs: ["--expose-gc"], files: PROBE_FILES });
  });
  afterAll(async () => {
    await gateway?.stop();
    models?.remove();
  });

  interface NodeMetrics {
    readonly id: string;
    readonly metrics: { readonly messages: number; readonly out: number; readonly counts: Record<string, number> };
  }
  /** Every node has had its readings; the model has answered in its thread, and the federation's client has trained in another. */
  const atWorkNow = (): Promise<void> =>
    eventually("every node is at work", async () => {
      const metrics = new Map(
        (await gateway.get<{ nodes: NodeMetrics[] }>("/gatewise/metrics")).nodes.map((node) => [node.id, node.metrics]),
      );
      const isFed = fed.every((id) => (metrics.get(id)?.messages ?? 0) > 0);
      return (
        isFed &&
        (metrics.get("the-predict")?.out ?? 0) > 0 &&
        (metrics.get("the-federated-client")?.counts.updates ?? 0) > 0
      );
    });

  it(`holds no more handles and threads after ${DEPLOYS} redeploys`, async () => {
    const samples: Held[] = [];
    for (let round = 1; round <= WARM_UP + DEPLOYS; round += 1) {
      await gateway.deploy(flow(round));
      await atWorkNow();
      if (round > WARM_UP) samples.push(await gateway.get<Held>("/probe"));
    }
    const [before, after] = [alwaysHeld(samples.slice(0, WINDOW)), alwaysHeld(samples.slice(-WINDOW))];
    const grown = Object.entries(after).filter(([kind, count]) => count - (before[kind] ?? 0) > CHANCE);
    expect(grown, `before: ${JSON.stringify(before)}`).toEqual([]);
    expect(gateway.log()).not.toMatch(/MaxListenersExceededWarning|did not close within|Unhandled|uncaught/i);
  });

  it("ends when it is asked to", async () => {
    expect(await gateway.stop()).toBe(0);
  });
});
