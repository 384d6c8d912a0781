import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { root } from "../support/pack";

const example = (name: string): FlowNode[] =>
  JSON.parse(readFileSync(join(root, "examples", "anomaly-detection", `${name}.json`), "utf8")) as FlowNode[];

/** Debug nodes write to the log, where a test can read them; the ticks come faster. */
const forTest = (nodes: readonly FlowNode[]): FlowNode[] =>
  nodes.map((node) => {
    if (node.type === "debug") return { ...node, console: true, tosidebar: false };
    return node.type === "inject" && node.repeat === "1" ? { ...node, repeat: "0.05" } : node;
  });

describe("the example of anomalies in one sensor, as it is imported", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway({ flows: forTest(example("one-sensor")) });
  });
  afterAll(() => gateway?.stop());

  const says = (text: string) => until(`the flow says ${text}`, () => gateway.log().includes(text), 60_000);
  const press = (id: string) => fetch(`${gateway.url}/inject/${id}`, { method: "POST" });
  const judged = async () => {
    const { nodes } = await gateway.get<{ nodes: { id: string; metrics: { in: number } }[] }>("/gatewise/metrics");
    return Math.min(...nodes.filter(({ id }) => id.startsWith("an-")).map(({ metrics }) => metrics.in));
  };

  it("finds each trouble by the detector that is for it", async () => {
    await until("the past is learned", async () => (await judged()) > 1800);
    await press("an-b1");
    await says("unusual: ");
    await says("outlier: ");
    await says("new extreme: ");
    expect(gateway.log()).not.toContain("stuck: ");
    await press("an-b3");
    await says("stuck: ");
    await press("an-b2");
    await says("step: 6");
  });
});
