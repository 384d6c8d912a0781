import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { root } from "../support/pack";

/** The example with its debug nodes writing to the log, where a test can read them, and faster readings. */
function flowForTest(): FlowNode[] {
  const flow = JSON.parse(readFileSync(join(root, "examples/inference/pump-state.json"), "utf8")) as FlowNode[];
  return flow.map((node) => {
    if (node.type === "debug") return { ...node, console: true, tosidebar: false };
    return node.type === "inject" && node.repeat === "1" ? { ...node, repeat: "0.05" } : node;
  });
}

describe("the example of inference, as it is imported", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    gateway = await startGateway({ flows: flowForTest() });
  });
  afterAll(() => gateway?.stop());

  const says = (text: string) => until(`the flow says ${text}`, () => gateway.log().includes(text), 60_000);

  it("imports its model, tells the state of both pumps, and complains of nothing", async () => {
    await says("name: 'pump-state'");
    await says("value: 'fine'");
    await says("value: 'worn bearing'");
    await says("value: 'overheated'");
    expect(gateway.log()).not.toMatch(/\[(error|fatal)\]/);
  });

  it("tells scripts how long answers take", async () => {
    const { nodes } = await gateway.get<{ nodes: { type: string; metrics: { gauges: Record<string, number> } }[] }>(
      "/gatewise/metrics",
    );
    const { gauges } = nodes.find(({ type }) => type === "gatewise-predict")!.metrics;
    expect(gauges["p50 ms"]).toBeGreaterThan(0);
    expect(gauges["p99 ms"]).toBeGreaterThanOrEqual(gauges["p50 ms"]!);
  });
});
