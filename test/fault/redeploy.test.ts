import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeSchema } from "../../kit/node-schema";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { freePort, until } from "../support/mosquitto";
import { builtNodes, defaultsOf } from "../support/pack";

/** What a process holds, as the probe below tells it. */
interface Held {
  /** Number of timers, sockets, handles and requests by their kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Number of listeners on the process and on Node-RED's events. */
  readonly listeners: number;
  /** After a garbage collection. */
  readonly heapBytes: number;
}

/** A local node file that serves what the process holds, and registers no node. */
const PROBE = `module.exports = (RED) => {
  const count = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
  RED.httpAdmin.get("/probe", (request, response) => {
    const resources = {};
    for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
    global.gc();
    response.json({ resources, listeners: count(process) + count(RED.events), heapBytes: process.memoryUsage().heapUsed });
  });
};`;

const WARM_UP = 20;
const DEPLOYS = 100;
const WINDOW = 20;
/** Measured: 0.7 KB, most of it the few readings of each round that the store has not sealed yet. */
const MAX_GROWTH_PER_DEPLOY = 4 * 1024;
/** A timer or socket more or less is one that comes and goes; what leaks adds one with each of the deploys between. */
const CHANCE = 2;
/** The engine counts the code that it compiles as heap: without its optimising compilers only data can grow. */
const V8_FLAGS = ["--expose-gc", "--no-opt", "--no-maglev", "--no-sparkplug"];

const schemas = builtNodes().map((node) => node.schema);
const idOf = (type: string): string => type.replace("gatewise-", "the-");

/** What a node needs beside its defaults to work. */
const SETTINGS: Readonly<Record<string, Record<string, unknown>>> = {
  "gatewise-alert-rule": { limits: [{ op: ">", value: "20", severity: "high" }] },
  "gatewise-influxdb": { database: "test" },
};

/** Every node of the pack at work: each that takes readings is fed by one inject node, and again after each deploy. */
function everyNode(round: number, ports: { mqtt: number; nobody: number }): FlowNode[] {
  const fed = schemas.filter((schema) => schema.kind === "node" && schema.inputs === 1).map(({ type }) => idOf(type));
  const readings = Array.from({ length: 5 }, (_, index) => ({
    deviceId: `pump-${index}`,
    sensor: "temperature",
    value: 18 + index,
    unit: "Cel",
    timestamp: 1_700_000_000_000 + 1000 * index,
    quality: "good",
  }));
  return [
    { id: "tab", type: "tab", label: `Round ${round}` },
    {
      id: "feed",
      type: "inject",
      z: "tab",
      props: [{ p: "payload" }],
      payload: JSON.stringify(readings),
      payloadType: "json",
      once: true,
      onceDelay: 0.01,
      repeat: "",
      crontab: "",
      x: 100,
      y: 100,
      wires: [fed],
    },
    ...schemas.map((schema, index) => nodeOf(schema, index, ports)),
  ];
}

function nodeOf(schema: NodeSchema, index: number, ports: { mqtt: number; nobody: number }): FlowNode {
  const links = Object.entries(schema.config).flatMap(([name, field]) =>
    field.kind === "link" ? [[name, idOf(field.to ?? "")] as const] : [],
  );
  const own: Record<string, unknown> = { ...SETTINGS[schema.type] };
  if (schema.type === "gatewise-broker") own.port = ports.mqtt;
  if (schema.type === "gatewise-influxdb") own.url = `http://127.0.0.1:${ports.nobody}`;
  const place =
    schema.kind === "config" ? {} : { z: "tab", x: 300, y: 40 * index, wires: schema.outputs.map(() => []) };
  return {
    ...defaultsOf(schema),
    ...Object.fromEntries(links),
    ...own,
    ...place,
    id: idOf(schema.type),
    type: schema.type,
  };
}

describe("a gateway with every node of the pack", () => {
  let gateway: Gateway;
  let ports: { mqtt: number; nobody: number };

  beforeAll(async () => {
    ports = { mqtt: await freePort(), nobody: await freePort() };
    gateway = await startGateway({
      flows: everyNode(0, ports),
      nodeArgs: V8_FLAGS,
      files: { "nodes/probe.js": PROBE, "nodes/probe.html": "" },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
  });

  const fed = async (): Promise<void> =>
    until("every node has had its readings", async () => {
      const { nodes } = await gateway.get<{ nodes: { id: string; metrics: { messages: number } }[] }>(
        "/gatewise/metrics",
      );
      const expected = schemas.filter((schema) => schema.kind === "node" && schema.inputs === 1);
      return expected.every(({ type }) => (nodes.find(({ id }) => id === idOf(type))?.metrics.messages ?? 0) > 0);
    });

  it(`holds no more after ${DEPLOYS} redeploys`, async () => {
    const samples: Held[] = [];
    for (let round = 1; round <= WARM_UP + DEPLOYS; round += 1) {
      await gateway.deploy(everyNode(round, ports));
      await fed();
      if (round > WARM_UP) samples.push(await gateway.get<Held>("/probe"));
    }
    const early = samples.slice(0, WINDOW);
    const late = samples.slice(-WINDOW);
    const [before, after] = [alwaysHeld(early), alwaysHeld(late)];
    const grown = Object.entries(after).filter(([kind, count]) => count - (before[kind] ?? 0) > CHANCE);
    expect(grown, `before: ${JSON.stringify(before)}`).toEqual([]);
    const heapOf = (held: readonly Held[]) => median(held.map(({ heapBytes }) => heapBytes));
    const perDeploy = (heapOf(late) - heapOf(early)) / (DEPLOYS - WINDOW);
    console.log(`heap after collection: ${(perDeploy / 1024).toFixed(1)} KB more with each redeploy`);
    expect(perDeploy).toBeLessThan(MAX_GROWTH_PER_DEPLOY);
    expect(gateway.log()).not.toMatch(/MaxListenersExceededWarning|did not close within|Unhandled|uncaught/i);
  });

  it("still ends when it is asked to", async () => {
    expect(await gateway.stop()).toBe(0);
  });
});

/** What is there at each sample: timers and sockets that come and go by themselves are left out. */
function alwaysHeld(samples: readonly Held[]): Record<string, number> {
  const kinds = new Set(samples.flatMap(({ resources }) => Object.keys(resources)));
  const least = (count: (held: Held) => number): number => Math.min(...samples.map(count));
  const resources = [...kinds].map((kind) => [kind, least(({ resources }) => resources[kind] ?? 0)] as const);
  return {
    ...Object.fromEntries(resources.filter(([, count]) => count > 0)),
    listeners: least(({ listeners }) => listeners),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
