import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { root } from "../support/pack";

/** An example as it is imported, its debug nodes writing to the log and its virtual time running faster. */
function example(name: string, repeat: string): FlowNode[] {
  const nodes: FlowNode[] = JSON.parse(readFileSync(join(root, "examples/predictive-maintenance", name), "utf8"));
  return nodes.map((node) => {
    if (node.type === "debug") return { ...node, console: true, tosidebar: false };
    return node.type === "inject" && node.repeat !== "" ? { ...node, repeat } : node;
  });
}

describe("predictive maintenance, as its examples are imported", () => {
  let gateway: Gateway;
  afterEach(() => gateway?.stop());
  const says = (text: string, limitMs = 120_000) =>
    until(`the flow says ${text}`, () => gateway.log().includes(text), limitMs);

  test("health falls, hours are told from the beginning of wear on, the alert comes in time, a repair ends it", async () => {
    gateway = await startGateway({ flows: example("health-and-remaining-life.json", "0.02") });
    await says("pump-1 is healthy");
    expect(gateway.log()).not.toContain("h left");
    await says("pump-1 is predicted");
    await until(
      "the alert",
      () => /raised, high: pump-1 needs maintenance: [1-4]\d(\.\d+)? h are left/.test(gateway.log()),
      120_000,
    );
    await says("pump-1: 0 h left");
    await fetch(`${gateway.url}/inject/hr-repair`, { method: "POST" });
    const before = gateway.log().length;
    await until("it is healthy again", () => gateway.log().slice(before).includes("pump-1 is healthy"), 60_000);
  });
});
