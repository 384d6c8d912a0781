import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { metricsOfNodes } from "../../../kit";
import { migrate } from "../../../kit/node-schema";
import type { NodeMessage } from "../../../kit/red";
import { DETECTOR_DEFAULTS, DETECTOR_METHODS, detectorFactory } from "../../../lib/detect";
import { MULTIVARIATE_DEFAULTS } from "../../../lib/detect/multivariate";
import type { Reading } from "../../../lib/reading";
import { openStore } from "../../../lib/store";
import { shownBy, statusOf, warningsOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { gaussian, reading, series } from "../../../test/support/series";
import store from "../../storage/store/store";
import timeseriesOut from "../../storage/timeseries-out/timeseries-out";
import anomaly from "./anomaly";
import { schema } from "./schema";

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
    [anomaly, store, timeseriesOut],
    [
      { id: "keep", type: "gatewise-timeseries-out", target: "store", store: "store", wires: [[]] },
      { id: "kept", type: "complete", scope: ["keep"], wires: [["stored"]] },
      { id: "stored", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
      { id: "store", type: "gatewise-store", z: "", file: join(directory, "test.db") },
      { id: "n", type: "gatewise-anomaly", version: 2, method: "zScore", wires: [["all"], ["found"]], ...config },
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
  it("learns anew when a series goes on in another unit, and says so once", async () => {
    const { all, found } = await run();
    const warnings: string[] = [];
    Object.assign(nodeOf("n"), { warn: (text: string) => warnings.push(text) });
    const inF = steady(30).map((item, i) => ({
      ...item,
      ...{ value: Number(item.value) * 1.8 + 32, unit: "degF", timestamp: 100_000 + 1000 * i },
    }));
    nodeOf("n").receive({ payload: [...steady(30), ...inF] });
    await until(() => all.length === 1, "the readings");
    const judged = readingsIn(all[0]);
    expect(judged.slice(20, 30).every(({ anomaly: verdict }) => verdict !== undefined)).toBe(true);
    expect(judged.slice(30, 39).every(({ anomaly: verdict }) => verdict === undefined)).toBe(true);
    expect(found).toEqual([]);
    expect(warnings).toEqual(["d1/temperature: its unit is degF after Cel; its detector learns anew"]);
  });

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

  it("goes on from what the pack's first version saved, which knew fewer fields", async () => {
    // What commit c69a5aa called the configuration { method: "zScore", store: "store" } with its twelve fields.
    const states = openStore(join(directory, "test.db"));
    const before = detectorFactory({ method: "zScore" })();
    for (const one of steady(30)) before.push(one);
    states.seriesStates("n", "5d9fb4fbf116bf0f").save([["d1/temperature", before.snapshot()]]);
    states.close();
    const { all, found } = await run({ version: 1, store: "store" });
    nodeOf("n").receive({ payload: [reading(99, 30_000)] });
    await until(() => all.length === 1, "the reading");
    expect(readingsIn(found[0])).toMatchObject([{ value: 99, anomaly: { detector: "z-score", isAnomaly: true } }]);
    expect(warningsOf("n")).toEqual([]);
  });

  it("judges by the day before, which the store remembers, until it is told to forget it", async () => {
    const { all, found } = await run({ method: "history", store: "store" });
    const stored = messagesAt("stored");
    const hour = 3_600_000;
    const past = Array.from({ length: 48 }, (_, i) => reading(20 + (i % 2), (i * hour) / 2));
    nodeOf("keep").receive({ payload: past });
    await until(() => stored.length === 1, "the past is in the store");
    const now = 24 * hour;
    const send = async (value: number, more: Record<string, unknown> = {}): Promise<Reading | undefined> => {
      const seen = all.length;
      nodeOf("n").receive({ payload: [{ ...reading(value, now), ...more }] });
      await until(() => all.length > seen, "the reading");
      return readingsIn(all.at(-1))[0];
    };
    expect((await send(20.5))?.anomaly).toMatchObject({ detector: "history", isAnomaly: false });
    expect((await send(21.7))?.anomaly).toMatchObject({ isAnomaly: true, severity: "medium" });
    expect((await send(30))?.anomaly).toMatchObject({ isAnomaly: true, severity: "high" });
    expect(found).toHaveLength(2);
    // A series without a past says nothing yet.
    expect((await send(30, { sensor: "pressure" }))?.anomaly).toBeUndefined();
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "d1" } });
    expect((await send(30))?.anomaly).toBeUndefined();
  });

  it("is red when it is to judge by a store and has none", async () => {
    const { all } = await run({ method: "history" });
    const caught = messagesAt("caught");
    nodeOf("n").receive({ payload: steady(1) });
    await until(() => caught.length > 0, "the refusal");
    expect(JSON.stringify(caught.at(-1)?.error)).toContain("Store: none is chosen");
    expect(all).toEqual([]);
  });

  it.each(DETECTOR_METHODS.filter((method) => method !== "history"))("finds what %s is for", async (method) => {
    const { all, found } = await run({ method });
    const next = gaussian(1);
    const normal = Array.from({ length: 400 }, next);
    const odd = method === "stuck" ? new Array(40).fill(0.5) : Array.from({ length: 40 }, () => 30 + 30 * next());
    nodeOf("n").receive({ payload: series([...normal, ...odd]) });
    await until(() => all.length === 1 && found.length === 1, "both outputs");
    expect(readingsIn(found[0]).some(({ timestamp }) => timestamp >= 400_000)).toBe(true);
  });

  it("joins the sensors of a device, judges them together and says which were to blame", async () => {
    const { all, found } = await run({ method: "hotelling", store: "store", learnAnomalies: true });
    const next = gaussian(2);
    // Two sensors that go together; from row 500 on the second one no longer follows the first.
    const row = (i: number): Reading[] => {
      const common = next();
      const flow = i < 500 ? common + 0.1 * next() : 6 * next();
      return [reading(common, i * 1000, { sensor: "pressure" }), reading(flow, i * 1000, { sensor: "flow" })];
    };
    nodeOf("n").receive({ payload: Array.from({ length: 560 }, (_, i) => row(i)).flat() });
    await until(() => all.length === 1 && found.length === 1, "both outputs");
    expect(readingsIn(all[0])).toHaveLength(1120);
    const late = readingsIn(found[0]).filter(({ timestamp }) => timestamp >= 500_000);
    expect(late.length).toBeGreaterThan(20);
    expect(late.at(-1)?.anomaly?.contributors).toContain("flow");
    expect(metricsOfNodes.of("n")).toMatchObject({ refused: 0, errors: 0 });
    // One state for the device: it is forgotten whichever sensor is named.
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "d1", sensor: "flow" } });
    nodeOf("n").receive({ payload: row(600) });
    await until(() => all.length === 2, "the row after");
    expect(readingsIn(all[1]).map(({ anomaly }) => anomaly)).toEqual([undefined, undefined]);
  });

  it("goes on after a wrong year, and is yellow, counts and warns once while a sensor of the device is missing", async () => {
    const { all, found } = await run({ method: "hotelling", fit: 60 });
    const next = gaussian(3);
    const row = (i: number, shift = 0, names = ["a", "b", "c"]): Reading[] =>
      names.map((sensor) => reading(next() + shift, i * 1000, { sensor }));
    const rows = (from: number, to: number, shift?: number, names?: string[]): Reading[] =>
      Array.from({ length: to - from }, (_, i) => row(from + i, shift, names)).flat();
    const future = reading(0, Date.UTC(2046, 0, 1), { sensor: "a" });
    nodeOf("n").receive({ payload: [...rows(0, 150), future, ...rows(150, 200), ...rows(200, 240, 20)] });
    await until(() => all.length === 1 && found.length === 1, "both outputs");
    expect(readingsIn(found[0]).filter(({ timestamp }) => timestamp >= 200_000).length).toBeGreaterThan(20);
    await until(() => /^1 devices?, \d+ anomalies$/.test(statusOf("n")), "the green status");
    nodeOf("n").receive({ payload: rows(240, 260, 0, ["a", "b", "renamed"]) });
    await until(() => statusOf("n").includes("no value of c since 1970-01-01T00:03:59.000Z"), "the yellow status");
    expect(warningsOf("n")).toEqual([
      expect.stringContaining("a reading is dated 2046"),
      expect.stringContaining("no value of c since"),
    ]);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "readings dated ahead": 1, "incomplete rows": 19 });
    nodeOf("n").receive({ payload: rows(260, 262) });
    await until(() => /^1 devices?, \d+ anomalies$/.test(statusOf("n")), "the green status again");
  });

  it("lets devices pass unjudged that there is no room for, says so, and forgets the troubles of those that make room", async () => {
    const { all } = await run({ method: "randomCutForest", sensors: ["a", "b"] });
    const row = (device: number, minute: number, unit = "K"): Reading[] =>
      ["a", "b"].map((sensor) => reading(device, minute * 60_000, { deviceId: `d${device}`, sensor, unit }));
    const others = Array.from({ length: 501 }, (_, i) => row(1 + i, 1)).flat();
    nodeOf("n").receive({ payload: [...row(0, 0), ...row(0, 1, "Cel"), ...others] });
    await until(() => all.length === 1, "the readings");
    expect(readingsIn(all[0])).toHaveLength(2 * 503);
    await until(() => statusOf("n").includes("d0: the unit of a is Cel"), "the device in trouble");
    const before = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => before + 25 * 3_600_000);
    nodeOf("n").receive({ payload: row(600, 2) });
    await until(() => /^500 devices, 0 anomalies$/.test(statusOf("n")), "d0 made room");
    expect(shownBy("n").fill).toBe("green");
    clock.mockRestore();
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "readings without room": 4, "devices forgotten": 1 });
    expect(warningsOf("n").filter((text) => text.includes("room for (500)"))).toHaveLength(1);
  });

  it("refuses readings of a device with more sensors than can be judged together, and says so", async () => {
    await run({ method: "halfSpaceTrees" });
    const caught = messagesAt("caught");
    const rows = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 100 }, (_, k) => reading(k, i * 1000, { sensor: `s${k}` })),
    );
    nodeOf("n").receive({ payload: rows.flat() });
    await until(() => caught.length > 0, "the refusal");
    expect(JSON.stringify(caught[0]?.error)).toContain("expected at most 64 of a device, got 100");
  });

  it("gives its detectors the defaults that they were measured with", () => {
    const named: Readonly<Record<string, string>> = { oneIn: "oneInRows" };
    const fields: Readonly<Record<string, { readonly default: unknown }>> = schema.config;
    const differing = (defaults: object, rename: Readonly<Record<string, string>> = {}): unknown[] =>
      Object.entries(defaults).filter(([name, value]) => {
        const field = fields[rename[name] ?? name];
        return name !== "method" && field && JSON.stringify(field.default) !== JSON.stringify(value ?? "");
      });
    expect(differing(DETECTOR_DEFAULTS)).toEqual([]);
    expect(differing(MULTIVARIATE_DEFAULTS, named)).toEqual([]);
  });

  it("reads a flow of version 1 as it was meant", () => {
    expect(migrate(schema, { version: 1, window: 50 })).toMatchObject({ version: 2, method: "zScore", window: 50 });
    expect(migrate(schema, { method: "zScore" })).toMatchObject({ version: 2, method: "zScore" });
  });
});
