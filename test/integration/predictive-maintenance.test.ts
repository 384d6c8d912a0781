import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

/** The same, with its files in a folder of the test's own. */
function inFolder(nodes: readonly FlowNode[], folder: string): FlowNode[] {
  const moved = (path: unknown) => (typeof path === "string" ? path.replace(/^\/tmp\//, `${folder}/`) : path);
  return nodes.map((node) => ({
    ...node,
    ...("filename" in node ? { filename: moved(node.filename) } : {}),
    ...("file" in node ? { file: moved(node.file) } : {}),
  }));
}

describe("predictive maintenance, as its examples are imported", () => {
  let gateway: Gateway;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "gatewise-maintenance-"));
  });
  afterEach(async () => {
    await gateway?.stop();
    rmSync(directory, { recursive: true, force: true });
  });
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

  test("vibration becomes features, anomalies, health, remaining life and an alert before the end", async () => {
    gateway = await startGateway({ flows: example("vibration-to-alert.json", "0.03") });
    await says("motor-1 is healthy");
    await says("vibration.bpfo is ");
    await says("motor-1 is predicted");
    await until(
      "the alert",
      () => /raised, high: motor-1 needs maintenance: [1-4]\d(\.\d+)? h are left/.test(gateway.log()),
      120_000,
    );
    expect(gateway.log()).not.toContain("motor-1: 0 h left");
    expect(gateway.log()).toMatch(/motor-1 at \d+ % in hour \d+, for vibration\.(bpfo|rms|kurtosis|crest)/);
    await says("motor-1: 0 h left");
    expect(gateway.log()).not.toContain("[error]");
  }, 180_000);

  test("a model is trained on a recording, and tells the life of a pump that wears", async () => {
    gateway = await startGateway({ flows: inFolder(example("train-and-use.json", "0.03"), directory) });
    await until("the recording", () => existsSync(join(directory, "gatewise-pumps.csv")));
    await says("trained pump-life 1: error ", 300_000);
    await until("the picture", () => existsSync(join(directory, "gatewise-pump-life.svg")));
    await says("pump-13 is healthy");
    await says("pump-13 is predicted");
    await until("remaining lives", () => /pump-13: \d+(\.\d+)? h left/.test(gateway.log()));
    expect(gateway.log()).not.toContain("[error]");
  }, 360_000);
});
