import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NodeSchema } from "../../kit/node-schema";
import { atWork } from "../support/at-work";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { alwaysHeld, feedFor, type Held, median, PROBE_FILES } from "../support/held";
import { freePort, until } from "../support/mosquitto";
import { builtNodes } from "../support/pack";

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

const links = Object.fromEntries(schemas.map(({ type }) => [type, idOf(type)]));

/** Every node of the pack at work: each that takes readings is fed by one inject node, and again after each deploy. */
function everyNode(round: number, ports: { mqtt: number; nobody: number }): FlowNode[] {
  const fed = schemas.filter((schema) => schema.kind === "node" && schema.inputs === 1).map(({ type }) => idOf(type));
  return [
    { id: "tab", type: "tab", label: `Round ${round}` },
    feedFor(round, fed),
    ...schemas.map((schema, index) => nodeOf(schema, index, ports)),
  ];
}

function nodeOf(schema: NodeSchema, index: number, ports: { mqtt: number; nobody: number }): FlowNode {
  const own: Record<string, unknown> = {};
  if (schema.type === "gatewise-broker") own.port = ports.mqtt;
  if (schema.type === "gatewise-influxdb") own.url = `http://127.0.0.1:${ports.nobody}`;
  const place =
    schema.kind === "config" ? {} : { z: "tab", x: 300, y: 40 * index, wires: schema.outputs.map(() => []) };
  return { ...atWork(schema, links), ...own, ...place, id: idOf(schema.type), type: schema.type };
}

describe("a gateway with every node of the pack", () => {
  let gateway: Gateway;
  let ports: { mqtt: number; nobody: number };

  beforeAll(async () => {
    ports = { mqtt: await freePort(), nobody: await freePort() };
    gateway = await startGateway({
      flows: everyNode(0, ports),
      nodeArgs: V8_FLAGS,
      files: PROBE_FILES,
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
