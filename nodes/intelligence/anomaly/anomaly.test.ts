import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { reading, series } from "../../../test/support/series";
import store from "../../storage/store/store";
import anomaly from "./anomaly";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-anomaly-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(directory, { recursive: true, force: true });
});

async function run(config: Record<string, unknown> = {}): Promise<{ all: NodeMessage[]; found: NodeMessage[] }> {
  await startFlow(
    [anomaly, store],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(directory, "test.db") },
      { id: "n", type: "gatewise-anomaly", version: 1, wires: [["all"], ["found"]], ...config },
      { id: "all", type: "helper" },
      { id: "found", type: "helper" },
    ],
  );
  return { all: messagesAt("all"), found: messagesAt("found") };
}

const steady = (count: number, device = "d1"): Reading[] =>
  series(Array.from({ length: count }, (_, i) => 20 + (i % 3))).map((item) => ({ ...item, deviceId: device }));
const readingsIn = (msg: NodeMessage | undefined): Reading[] => (msg?.payload ?? []) as Reading[];

describe("anomaly", () => {
  it("sends all readings by the first output and anomalies, with verdict, by the second", async () => {
    const { all, found } = await run();
    const input = [...steady(30), reading(60, 30_000), reading(21, 31_000)];
    nodeOf("n").receive({ payload: input, topic: "kept" });
    await until(() => all.length === 1 && found.length === 1, "both outputs");
    expect(readingsIn(all[0])).toHaveLength(32);
    expect(readingsIn(all[0]).slice(0, 10)).toEqual(input.slice(0, 10));
    expect(readingsIn(all[0])[31]?.anomaly?.isAnomaly).toBe(false);
    expect(readingsIn(found[0])).toEqual([
      {
        ...input[30],
        anomaly: expect.objectContaining({ detector: "z-score", isAnomaly: true, severity: "critical" }),
      },
    ]);
    expect(found[0]?.topic).toBe("kept");
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 32, counts: { anomalies: 1 } });
  });

  it("sends nothing by the second output when nothing is unusual, and learns each series on its own", async () => {
    const { all, found } = await run();
    const other = series(new Array(30).fill(1000)).map((item, i) => ({
      ...item,
      deviceId: "d2",
      value: 1000 + (i % 3),
    }));
    nodeOf("n").receive({ payload: steady(30).flatMap((item, i) => [item, other[i] as Reading]) });
    await until(() => all.length === 1, "the batch");
    expect(readingsIn(all[0]).filter((item) => item.anomaly?.isAnomaly)).toEqual([]);
    nodeOf("n").receive({ payload: [reading(1000, 30_000)] });
    await until(() => found.length === 1, "the anomaly");
    expect(readingsIn(found[0])).toHaveLength(1);
  });

  it("does not take verdicts that other nodes have written for its own", async () => {
    const { all, found } = await run();
    const verdict = { detector: "other", isAnomaly: true, score: 9 };
    nodeOf("n").receive({ payload: [{ ...reading(1), anomaly: verdict }] });
    await until(() => all.length === 1, "the batch");
    expect(found).toEqual([]);
  });

  it("knows after a restart what it had learned, and forgets it on reset", async () => {
    const first = await run({ store: "store" });
    nodeOf("n").receive({ payload: [...steady(30), ...steady(30, "d2")] });
    await until(() => first.all.length === 1, "the first batch");
    await stopFlow();
    const { all } = await run({ store: "store" });
    const judged = async (device: string): Promise<boolean> => {
      const seen = all.length;
      nodeOf("n").receive({ payload: [{ ...reading(21, 40_000), deviceId: device }] });
      await until(() => all.length > seen, "the reading");
      return readingsIn(all.at(-1))[0]?.anomaly !== undefined;
    };
    expect([await judged("d1"), await judged("d2")]).toEqual([true, true]);
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "d1", sensor: "temperature" } });
    expect([await judged("d1"), await judged("d2")]).toEqual([false, true]);
    nodeOf("n").receive({ command: "reset" });
    expect(await judged("d2")).toBe(false);
  });
});
