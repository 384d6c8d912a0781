import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { shownBy, statusOf, warningsOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { gaussian, reading } from "../../../test/support/series";
import store from "../../storage/store/store";
import health from "./health";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-health-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(directory, { recursive: true, force: true });
});

async function run(config: Record<string, unknown>): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [health, store],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(directory, "test.db") },
      { id: "n", type: "gatewise-health", version: 1, wires: [["out"]], ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const readingsIn = (msg: NodeMessage | undefined): Reading[] => (msg?.payload ?? []) as Reading[];
const next = gaussian(31);
const rowAt = (i: number, over: Partial<Reading> = {}, shift = 0): Reading[] => [
  reading(60 + next() + shift, i * 1000, { sensor: "temperature", ...over }),
  reading(2 + 0.1 * next(), i * 1000 + 20, { sensor: "vibration.rms", unit: "mm/s", ...over }),
];
const rows = (from: number, to: number, over: Partial<Reading> = {}): Reading[] =>
  Array.from({ length: to - from }, (_, i) => rowAt(from + i, over)).flat();

describe("health", () => {
  it("learns each device from its first rows, and says what took the index down", async () => {
    const { out } = await run({ baseline: 50 });
    // Discovering the sensors takes the first rows of each device.
    nodeOf("n").receive({ payload: [...rows(0, 80), ...rows(0, 10, { deviceId: "d2" })], topic: "kept" });
    await until(() => out.length === 1, "health of the healthy");
    const healthy = readingsIn(out[0]);
    expect(new Set(healthy.map(({ deviceId, sensor }) => `${deviceId}/${sensor}`))).toEqual(new Set(["d1/health"]));
    expect(healthy.every(({ value }) => Number(value) > 0.8)).toBe(true);
    expect(out[0]?.topic).toBe("kept");
    const hot = Array.from({ length: 10 }, (_, i) => rowAt(80 + i, {}, 40)).flat();
    nodeOf("n").receive({ payload: hot });
    await until(() => out.length === 2, "health of the hot");
    const last = readingsIn(out[1]).at(-1);
    expect(last?.value).toBeLessThan(0.2);
    expect(last?.health?.contributors?.[0]?.sensor).toBe("temperature");
  });

  it("goes by declared limits from the first row on", async () => {
    const limits = [
      { sensor: "temperature", good: "60", failed: "100", weight: "1" },
      { sensor: "vibration.rms", good: "2", failed: "7", weight: "1" },
    ];
    const { out } = await run({ method: "limits", limits, smoothing: 1 });
    nodeOf("n").receive({
      payload: [reading(80, 0), reading(2, 0, { sensor: "vibration.rms" }), reading(5, 0, { sensor: "other" })],
    });
    await until(() => out.length === 1, "the index");
    expect(readingsIn(out[0])).toEqual([
      {
        deviceId: "d1",
        sensor: "health",
        value: 0.5,
        unit: "1",
        timestamp: 0,
        quality: "good",
        health: { index: 0.5, contributors: [{ sensor: "temperature", share: 1 }] },
      },
    ]);
  });

  it("is yellow while the latest device has failed", async () => {
    const limits = [{ sensor: "temperature", good: 60, failed: 100, weight: 1 }];
    await run({ method: "limits", limits, smoothing: 1 });
    const shows = (fill: string, text: string) => () => shownBy("n").fill === fill && statusOf("n") === text;
    nodeOf("n").receive({ payload: [reading(70, 0)] });
    await until(shows("green", "1 device, d1 at 75 %"), "a device that works");
    nodeOf("n").receive({ payload: [reading(101, 1000)] });
    await until(shows("yellow", "1 device, d1 at 0 %"), "a device that has failed");
    nodeOf("n").receive({ payload: [reading(60, 2000)] });
    await until(shows("green", "1 device, d1 at 100 %"), "a device that is repaired");
  });

  it("knows after a restart what it had learned, and forgets it on reset", async () => {
    const config = { baseline: 50, store: "store", sensors: "temperature, vibration.rms" };
    const first = await run(config);
    nodeOf("n").receive({ payload: [...rows(0, 60), ...rows(0, 60, { deviceId: "d2" })] });
    await until(() => first.out.length === 1, "the first batch");
    await stopFlow();
    const { out } = await run(config);
    nodeOf("n").receive({ payload: rows(60, 65) });
    await until(() => out.length === 1, "an index at once");
    nodeOf("n").receive({ command: "reset", payload: "d1" });
    nodeOf("n").receive({ payload: [...rows(65, 70), ...rows(65, 70, { deviceId: "d2" })] });
    await until(() => out.length === 2, "the other device");
    expect(new Set(readingsIn(out[1]).map(({ deviceId }) => deviceId))).toEqual(new Set(["d2"]));
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ payload: rows(70, 75, { deviceId: "d2" }) });
    nodeOf("n").receive({ payload: rows(75, 140) });
    await until(() => out.length === 3, "learned again");
    expect(new Set(readingsIn(out[2]).map(({ deviceId }) => deviceId))).toEqual(new Set(["d1"]));
  });

  it("is uncertain, yellow and says once which sensor is missing, instead of taking a worn device for healthy", async () => {
    const limits = [
      { sensor: "temperature", good: 40, failed: 80, weight: 1 },
      { sensor: "v", good: 1, failed: 5, weight: 1 },
    ];
    const { out } = await run({ method: "limits", limits });
    const isYellow = (): boolean => shownBy("n").fill === "yellow";
    const at = (hour: number, names: readonly string[]): Reading[] =>
      names.map((sensor) => reading(sensor === "v" ? 4.9 : 40, hour * 3_600_000, { sensor }));
    const hours = (from: number, to: number, names: readonly string[]): Reading[] =>
      Array.from({ length: to - from }, (_, i) => at(from + i, names)).flat();
    nodeOf("n").receive({ payload: [...hours(0, 25, ["temperature", "v"]), ...hours(25, 50, ["temperature"])] });
    await until(() => out.length === 1 && isYellow(), "the yellow status");
    const last = readingsIn(out[0]).at(-1);
    expect(last).toMatchObject({
      value: expect.closeTo(0.025, 9),
      quality: "uncertain",
      metadata: { reason: "missing: v" },
    });
    expect(warningsOf("n")).toEqual(["d1: no value of v since 1970-01-02T00:00:00.000Z"]);
    expect(statusOf("n")).toBe(warningsOf("n")[0]);
    expect(metricsOfNodes.of("n")?.counts).toEqual({ "incomplete rows": 24 });
    nodeOf("n").receive({ payload: hours(50, 53, ["temperature", "v"]) });
    await until(() => !isYellow(), "the green status");
    expect(readingsIn(out[1]).at(-1)?.quality).toBe("good");
  });

  it("goes on after a reading of a wrong year, also when that was the first, and tells of both", async () => {
    const { out } = await run({ sensors: "temperature, vibration.rms", baseline: 20 });
    const future = reading(60, Date.UTC(2046, 0, 1), { deviceId: "d1", sensor: "temperature" });
    nodeOf("n").receive({ payload: [...rows(0, 60), future, ...rows(60, 100)] });
    const minutely = rows(0, 60, { deviceId: "d2" }).map((item) => ({ ...item, timestamp: item.timestamp * 60 }));
    nodeOf("n").receive({ payload: [{ ...future, deviceId: "d2" }, ...minutely] });
    await until(() => out.length === 2, "both devices");
    expect(readingsIn(out[0]).at(-1)?.timestamp).toBeGreaterThanOrEqual(98_000);
    expect(readingsIn(out[1]).at(-1)?.timestamp).toBeGreaterThanOrEqual(58 * 60_000);
    expect(warningsOf("n")).toEqual([
      expect.stringContaining("d1: a reading is dated 2046"),
      expect.stringContaining("d2: its time went back from 2046"),
    ]);
  });

  it("is yellow when no device has the sensors that it was told of, but not when some are of another kind", async () => {
    const { out } = await run({ sensors: "a, b" });
    nodeOf("n").receive({ payload: rows(0, 5) });
    await until(() => statusOf("n") === "no device has a, b", "the yellow status");
    nodeOf("n").receive({ payload: reading(1, 0, { deviceId: "d2", sensor: "a" }) });
    await until(() => shownBy("n").fill === "green", "the green status");
    expect(out).toEqual([]);
  });

  it.each([
    [{ method: "limits" }, "sensors: expected at least one with its good and its failed value"],
    [
      { method: "limits", limits: [{ sensor: "a", good: 1, failed: 1, weight: 1 }] },
      "expected a good and a failed value that differ",
    ],
    [{ sensors: "a, a" }, "sensors: expected each sensor once"],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    const { caught } = await run(config);
    nodeOf("n").receive({ payload: rows(0, 1) });
    await until(() => caught.length > 0, "the refusal");
    expect(caught.at(-1)).toMatchObject({ error: { message: expect.stringContaining(reason) } });
  });
});
