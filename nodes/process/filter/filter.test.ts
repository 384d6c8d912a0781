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
import filter from "./filter";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-filter-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(directory, { recursive: true, force: true });
});

async function run(config: Record<string, unknown>): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [filter, store],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(directory, "test.db") },
      { id: "n", type: "gatewise-filter", version: 1, wires: [["out"]], ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const valuesIn = (msg: NodeMessage | undefined): unknown[] =>
  ((msg?.payload ?? []) as Reading[]).map((item) => item.value);
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

describe("filter", () => {
  it("filters each series on its own and keeps the message's other properties", async () => {
    const { out } = await run({ method: "movingMedian", window: 3 });
    const mixed = series([1, 500, 2]).flatMap((item) => [item, { ...item, deviceId: "d2", value: 7 }]);
    nodeOf("n").receive({ topic: "kept", payload: mixed });
    await until(() => out.length === 1, "the filtered batch");
    expect(out[0]?.topic).toBe("kept");
    expect(valuesIn(out[0])).toEqual([1, 7, 250.5, 7, 2, 7]);
  });

  it("takes plain numbers from core nodes", async () => {
    const { out } = await run({ method: "calibration", gain: 2, offset: 1, unit: "bar" });
    nodeOf("n").receive({ topic: "pump-1", payload: "20" });
    await until(() => out.length === 1, "the reading");
    expect(out[0]?.payload).toMatchObject([{ deviceId: "pump-1", sensor: "value", value: 41, unit: "bar" }]);
  });

  it("sends nothing for a batch of which nothing is left, and counts what it did not send", async () => {
    const { out } = await run({ method: "deadband", deadband: 1 });
    nodeOf("n").receive({ payload: series([5, 5.1]) });
    nodeOf("n").receive({ payload: series([5.2, 5.3]) });
    nodeOf("n").receive({ payload: series([6.5]) });
    await until(() => out.length === 2, "two batches");
    expect(out.map(valuesIn)).toEqual([[5], [6.5]]);
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 5, out: 2, refused: 0, counts: { notSent: 3 } });
  });

  it("passes the good readings of a batch and reports the others with the reason", async () => {
    const { out, caught } = await run({ method: "movingAverage" });
    nodeOf("n").receive({ payload: [reading(1), { ...reading(2), value: Number.NaN }, reading(3)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    expect(valuesIn(out[0])).toEqual([1, 2]);
    expect(reasonOf(caught[0])).toContain("msg.payload[1].value: expected a finite number, got NaN");
  });

  it("is red with the reason when it cannot work as configured, and refuses its messages", async () => {
    const { caught } = await run({ method: "butterworth", cutoff: 3, samplingRate: 2 });
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => caught.some((msg) => msg.payload !== undefined), "the refusal");
    expect(reasonOf(caught.at(-1))).toContain("half the sampling rate (1 Hz), got 3 Hz");
  });

  it("continues from the store after a redeploy, but not with another configuration", async () => {
    const averageAfterRestart = async (second: Record<string, unknown>): Promise<unknown[]> => {
      const config = { method: "movingAverage", window: 4, store: "store" };
      const first = await run(config);
      nodeOf("n").receive({ payload: series([10, 20, 30]) });
      await until(() => first.out.length === 1, "the first batch");
      await stopFlow();
      const { out } = await run({ ...config, ...second });
      nodeOf("n").receive({ payload: [reading(40, 3000)] });
      await until(() => out.length === 1, "the second batch");
      await stopFlow();
      return valuesIn(out[0]);
    };
    expect(await averageAfterRestart({})).toEqual([25]);
    expect(await averageAfterRestart({ window: 3 })).toEqual([40]);
  });

  it("reset starts series afresh, all or one, and gives out what was held", async () => {
    const { out, caught } = await run({ method: "savitzkyGolay", points: 5, position: "centre" });
    nodeOf("n").receive({ payload: [...series([1, 2]), { ...reading(9), deviceId: "d2" }] });
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "d1" } });
    await until(() => out.length === 1, "what d1 held");
    expect(valuesIn(out[0]).map((value) => Math.round((value as number) * 1e9) / 1e9)).toEqual([1, 2]);
    expect(out[0]).not.toHaveProperty("command");
    nodeOf("n").receive({ command: "reset" });
    await until(() => out.length === 2, "what d2 held");
    expect(valuesIn(out[1])).toEqual([9]);
    nodeOf("n").receive({ command: "reset", payload: { device: "d1" } });
    nodeOf("n").receive({ command: "restart" });
    await until(() => caught.length === 2, "the refused commands");
    expect(reasonOf(caught[0])).toContain('expected "all", a device id');
    expect(reasonOf(caught[1])).toContain("expected one of reset");
  });
});
