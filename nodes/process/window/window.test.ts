import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { reading, series } from "../../../test/support/series";
import store from "../../storage/store/store";
import windowNode from "./window";

afterEach(stopFlow);

async function run(
  config: Record<string, unknown>,
  file?: string,
): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [windowNode, store],
    [
      ...(file ? [{ id: "store", type: "gatewise-store", z: "", file }] : []),
      { id: "n", type: "gatewise-window", version: 1, wires: [["out"]], ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const table = (msg: NodeMessage | undefined): unknown[] =>
  ((msg?.payload ?? []) as Reading[]).map((item) => [item.deviceId, item.sensor, item.value]);
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

describe("window", () => {
  it("gives the statistics of closed windows of every series in one batch", async () => {
    const { out } = await run({ size: 10, statistics: ["mean", "count"], percentiles: "50, 99.9" });
    const first = series([1, 2, 6]);
    nodeOf("n").receive({ payload: [...first, ...first.map((item) => ({ ...item, deviceId: "d2" }))], topic: "kept" });
    nodeOf("n").receive({ payload: [reading(0, 10_000), { ...reading(0, 10_000), deviceId: "d2" }], topic: "kept" });
    await until(() => out.length === 1, "the statistics");
    expect(table(out[0])).toEqual(
      ["d1", "d2"].flatMap((device) => [
        [device, "temperature.mean", 3],
        [device, "temperature.count", 3],
        [device, "temperature.p50", 2],
        [device, "temperature.p99.9", expect.closeTo(5.992, 9)],
      ]),
    );
    expect(out[0]?.topic).toBe("kept");
  });

  it("closes the windows of a silent sensor by the clock", async () => {
    const { out } = await run({ size: 0.05, statistics: ["mean"], idle: 0 });
    nodeOf("n").receive({ payload: [reading(4, 1_700_000_000_000)] });
    await until(() => out.length === 1, "the window");
    expect(table(out[0])).toEqual([["d1", "temperature.mean", 4]]);
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 1, out: 1 });
  });

  it("refuses what is late or no number with the reason, counts bad readings and goes on", async () => {
    const { out, caught } = await run({ size: 10, statistics: ["count"] });
    const bad = reading(null, 21_000, { quality: "bad" });
    nodeOf("n").receive({
      payload: [reading(1, 5000), reading(1, 20_000), reading(1, 9000), bad, reading("on", 22_000), reading(1, 30_000)],
    });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(table(out[0])).toEqual([
      ["d1", "temperature.count", 1],
      ["d1", "temperature.count", 1],
    ]);
    expect(reasonOf(caught[0])).toMatch(
      /^\w*(Error: )?2 of 6 refused: late: the window of 1970-01-01T00:00:09.000Z of d1\/temperature/,
    );
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 6, refused: 2, counts: { late: 1, bad: 1, notANumber: 1 } });
  });

  it("reset accepts a recording's beginning again, flush gives what is open", async () => {
    const { out, caught } = await run({ size: 10, statistics: ["count"] });
    const recording = series([1, 1, 1, 1], 6000);
    nodeOf("n").receive({ payload: recording });
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ payload: recording });
    nodeOf("n").receive({ command: "flush", payload: { deviceId: "other" } });
    nodeOf("n").receive({ command: "flush", payload: "d1" });
    await until(() => out.length === 3, "three batches");
    expect(out.map((msg) => table(msg).length)).toEqual([1, 1, 1]);
    expect(out[2]).not.toHaveProperty("command");
    expect(caught).toEqual([]);
  });

  it("continues open windows from the store after a restart, and gives none twice", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatewise-window-"));
    try {
      const config = { size: 10, statistics: ["sum"], store: "store" };
      const file = join(directory, "test.db");
      const first = await run(config, file);
      nodeOf("n").receive({ payload: series([1, 2, 4], 4000) });
      nodeOf("n").receive({ payload: [reading(8, 12_000)] });
      await until(() => first.out.length === 1, "the first window");
      expect(table(first.out[0])).toEqual([["d1", "temperature.sum", 7]]);
      await stopFlow();
      const { out } = await run(config, file);
      nodeOf("n").receive({ payload: [reading(16, 15_000), reading(0, 20_000)] });
      await until(() => out.length === 1, "the second window");
      expect(table(out[0])).toEqual([["d1", "temperature.sum", 24]]);
    } finally {
      await stopFlow();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("refuses a sensor whose results would have too long a name, by itself", async () => {
    const { out, caught } = await run({ by: "count", count: 1, statistics: ["mean"] });
    nodeOf("n").receive({ payload: [{ ...reading(1), sensor: "s".repeat(255) }, reading(2)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(table(out[0])).toEqual([["d1", "temperature.mean", 2]]);
    expect(reasonOf(caught[0])).toContain("no valid name for its results");
  });

  it.each([
    [{ percentiles: "95, many" }, 'percentiles: expected a number from 0 to 100, got "many"'],
    [{ statistics: [] }, "statistics: expected at least one statistic or percentile"],
    [{ kind: "sliding", every: 120 }, "every: expected at most the size"],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    const { caught } = await run(config);
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => caught.some((msg) => msg.payload !== undefined), "the refusal");
    expect(reasonOf(caught.at(-1))).toContain(reason);
  });
});
