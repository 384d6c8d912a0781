import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { builtNodes, root } from "../support/pack";

const read = (path: string): FlowNode[] => JSON.parse(readFileSync(join(root, path), "utf8"));
const examples = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".json"))
  .map((path) => join("examples", path));
const schemas = new Map(builtNodes().map(({ schema }) => [schema.type as string, schema]));
const flows = [...examples, "flows/gateway.json"];

/** The same flow with its debug nodes writing to the log, where a test can read them. */
const toLog = (nodes: readonly FlowNode[]): FlowNode[] =>
  nodes.map((node) => (node.type === "debug" ? { ...node, console: true, tosidebar: false } : node));

describe.each(flows)("%s", (path) => {
  const nodes = read(path);
  const ids = new Set(nodes.map(({ id }) => id));

  test("has unique ids and only wires and links that lead somewhere", () => {
    expect(ids.size).toBe(nodes.length);
    for (const node of nodes) {
      const targets = [...((node.wires ?? []) as string[][]).flat(), ...((node.links ?? []) as string[])];
      expect({ id: node.id, lost: targets.filter((id) => !ids.has(id)) }).toEqual({ id: node.id, lost: [] });
    }
  });

  test("teaches: a tab with a description, comments with something to read", () => {
    expect(nodes.filter(({ type, info }) => type === "tab" && info)).not.toEqual([]);
    expect(nodes.filter(({ type, info }) => type === "comment" && String(info).length > 80)).not.toEqual([]);
  });

  test("has every field of its nodes' dialogs, as the editor saves them", () => {
    for (const node of nodes.filter(({ type }) => schemas.has(type))) {
      const fields = ["name", "version", ...Object.keys(schemas.get(node.type)?.config ?? {})];
      expect({ id: node.id, missing: fields.filter((field) => !(field in node)) }).toEqual({
        id: node.id,
        missing: [],
      });
    }
  });

  test("is laid out so that no node lies on another", () => {
    const placed = nodes.filter((node) => typeof node.x === "number" && node.type !== "group");
    for (const [index, a] of placed.entries()) {
      for (const b of placed.slice(index + 1)) {
        const isApart =
          a.z !== b.z || Math.abs(Number(a.x) - Number(b.x)) >= 60 || Math.abs(Number(a.y) - Number(b.y)) >= 30;
        expect(isApart ? "" : `${a.id} lies on ${b.id}`).toBe("");
      }
    }
  });

  test("holds no secret and no path of the machine it was made on", () => {
    expect(JSON.stringify(nodes)).not.toMatch(/password|"token"|\/home\/|\/work\/|\/root\//);
  });
});

test.each(examples)("%s uses only our nodes and core nodes", (path) => {
  expect(read(path).filter(({ type }) => type.startsWith("ui-"))).toEqual([]);
});

describe("examples, as they are imported", () => {
  let gateway: Gateway;
  const named = (name: string) => read(examples.find((path) => basename(path) === `${name}.json`) ?? name);
  const says = (text: string, limitMs = 120_000) =>
    until(`the flow says ${text}`, () => gateway.log().includes(text), limitMs);

  beforeAll(async () => {
    const flow = ["greenhouse-and-field", "room-air-quality", "vital-signs"].flatMap(named);
    gateway = await startGateway({ flows: toLog(flow) });
  });
  afterAll(() => gateway?.stop());

  test("agriculture: the greenhouse gets too hot, and cool again; a stranger is refused", async () => {
    await says("raised, high: greenhouse-1 is at 3");
    await says('device "visitor-7" is not registered');
    await says("cleared, high: greenhouse-1 temperature is back at 2");
  });

  test("building: CO2 goes through both severities; history is read back", async () => {
    await says("raised, medium: room-north: CO2 is 1");
    await says("changed, high: room-north: CO2 is 1");
    await says("cleared, medium: room-north: the air is fresh again");
    await says("[debug:Half-minute means]");
    await says("[debug:Statistics]");
  });

  test("health: the alert waits for its acknowledgement, and spikes raise nothing", async () => {
    await says("raised, high: bed-1: SpO2 is ");
    await says("changed, critical: bed-1: SpO2 is 8");
    await until("the value is back", () => /changed, \w+: bed-1: SpO2 is back at 9/.test(gateway.log()), 60_000);
    expect(gateway.log()).not.toMatch(/cleared, \w+: bed-1/);
    expect(gateway.log()).not.toMatch(/bed-1: SpO2 is 6/);
    await fetch(`${gateway.url}/inject/hm-ack`, { method: "POST" });
    await until("it is acknowledged and cleared", () => /acknowledged, .*cleared, \w+: bed-1/s.test(gateway.log()));
  });
});
