import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { openStore } from "../../../lib/store";
import type { TrainingReport } from "../../../lib/train/jobs";
import { statusOf, warningsOf } from "../../../test/support/hooks";
import { modelsOfEachTest } from "../../../test/support/model-flow";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { gaussian, reading } from "../../../test/support/series";
import store from "../../storage/store/store";
import models from "../models/models";
import predict from "../predict/predict";
import rul from "../rul/rul";
import train from "./train";

const HOUR = 3_600_000;
const LIMIT_MS = 60_000;

const temporary = modelsOfEachTest();

interface Running {
  readonly out: NodeMessage[];
  readonly caught: NodeMessage[];
  readonly told: NodeMessage[];
}

async function run(config: Record<string, unknown>): Promise<Running> {
  const placed = { models: "models", folds: 2, learner: "trees" };
  await startFlow(
    [models, store, predict, rul, train],
    [
      { id: "models", type: "gatewise-models", z: "", version: 1, folder: temporary.folder },
      { id: "store", type: "gatewise-store", z: "", file: join(temporary.folder, "test.db") },
      { id: "n", type: "gatewise-train", version: 1, model: "pumps", wires: [["out"]], ...placed, ...config },
      { id: "predict", type: "gatewise-predict", version: 1, models: "models", model: "pumps", wires: [["told"]] },
      {
        id: "rul",
        type: "gatewise-rul",
        version: 1,
        method: "model",
        models: "models",
        model: "pumps",
        every: 0,
        wires: [["told"], []],
      },
      { id: "out", type: "helper" },
      { id: "told", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught"), told: messagesAt("told") };
}

const readingsOf = (msg: NodeMessage | undefined): Reading[] => (msg?.payload ?? []) as Reading[];
const reportOf = (msg: NodeMessage | undefined): TrainingReport => {
  expect(msg).toBeDefined();
  return (msg as NodeMessage).payload as TrainingReport;
};
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";
const lifeAt = (hour: number, life: number, next: () => number): readonly [number, number] => [
  40 + 20 * (hour / life) ** 2 + 0.3 * next(),
  1 + 3 * (hour / life) ** 3 + 0.05 * next(),
];

function pumpsFile(name: string): string {
  const next = gaussian(1);
  const rows = Array.from({ length: 16 }, (_, pump) => {
    const life = 50 + 2 * pump;
    return Array.from({ length: life }, (_, hour) => [pump, hour, ...lifeAt(hour, life, next)].join(","));
  });
  const path = join(temporary.folder, name);
  writeFileSync(path, `pump,hour,temperature,vibration\n${rows.flat().join("\n")}\n`);
  return path;
}

describe("train", () => {
  it("fits on a file, reports, and stores a model that rul and predict take up at once", async () => {
    const file = pumpsFile("pumps.csv");
    const { out, told, caught } = await run({ task: "rul", file, unit: "pump", age: "hour" });
    nodeOf("n").receive({ payload: 1, topic: "kept" });
    await until(() => out.length === 1 || caught.length > 0, "the report", LIMIT_MS);
    expect(caught).toEqual([]);
    const report = reportOf(out[0]);
    // Told apart up to half the usual life, which is 65 h. Guessing the mean errs by more than 9 h.
    expect(report.metrics.cap).toBeCloseTo(32, -1);
    expect(report.metrics.rmse).toBeLessThan(4);
    expect(out[0]).toMatchObject({ topic: "kept", model: { name: "pumps", seq: 1 } });
    expect(String(out[0]?.plot)).toMatch(/^<svg/);

    const next = gaussian(2);
    const readings = Array.from({ length: 58 }, (_, hour): Reading[] => {
      const [temperature, vibration] = lifeAt(hour, 60, next);
      return [
        reading(temperature, hour * HOUR, { sensor: "temperature" }),
        reading(vibration, hour * HOUR, { sensor: "vibration", unit: "mm/s" }),
      ];
    }).flat();
    await until(() => statusOf("rul").includes("ready"), "the model in rul", LIMIT_MS);
    nodeOf("rul").receive({ payload: readings });
    await until(() => told.length === 1, "remaining lives", LIMIT_MS);
    const lives = readingsOf(told[0]).filter(({ sensor }) => sensor === "rul");
    const last = lives.at(-1);
    expect(last).toMatchObject({ unit: "h", prediction: { model: "pumps", unit: "h" } });
    // The last reading is two hours before the failure.
    const { low = Number.NaN, high = Number.NaN } = last?.prediction ?? {};
    expect(Number(last?.value)).toBeLessThan(6);
    expect(low).toBeLessThanOrEqual(Number(last?.value));
    expect(high).toBeGreaterThanOrEqual(Number(last?.value));
    // An end near the cap is left open, as it would only mean "at least that".
    expect(lives.every(({ prediction }) => (prediction?.high ?? 0) < (report.metrics.cap as number))).toBe(true);
    // Healthy ones are at the cap, of which nothing is claimed.
    expect(lives.length).toBeLessThan(45);
    expect(readingsOf(told[0]).at(-1)).toMatchObject({ sensor: "maintenance_recommended", value: true });

    await until(() => statusOf("predict").includes("pumps"), "the model in predict", LIMIT_MS);
    nodeOf("predict").receive({ payload: readings });
    await until(() => told.length === 2, "predictions", LIMIT_MS);
    expect(readingsOf(told[1]).at(-1)).toMatchObject({
      sensor: "rul",
      prediction: { low: expect.any(Number), high: expect.any(Number) },
    });
  }, 120_000);

  it("learns what is normal, and predict calls what is not an anomaly", async () => {
    const next = gaussian(4);
    const rows = Array.from({ length: 400 }, () => {
      const load = next();
      return `${10 + 3 * load},${50 + 8 * load + 0.5 * next()}`;
    });
    const file = join(temporary.folder, "normal.csv");
    writeFileSync(file, `current,temperature\n${rows.join("\n")}\n`);
    // The choice of the other tasks, which is not shown for this one, does not count.
    const { out, told, caught } = await run({ task: "anomaly", file, learner: "network", normalBy: "components" });
    nodeOf("n").receive({ payload: 1 });
    await until(() => out.length === 1 || caught.length > 0, "the report", LIMIT_MS);
    expect(caught).toEqual([]);
    expect(reportOf(out[0])).toMatchObject({ options: { learner: "components" }, metrics: { threshold: 2 } });
    expect(reportOf(out[0]).metrics.false_alarms).toBeLessThan(0.04);

    await until(() => statusOf("predict").includes("pumps"), "the model in predict", LIMIT_MS);
    // Each value is a usual one; in the second row they do not belong together.
    const at = (second: number, current: number, temperature: number): Reading[] => [
      reading(current, second * 1000, { sensor: "current", unit: "A" }),
      reading(temperature, second * 1000, { sensor: "temperature", unit: "Cel" }),
    ];
    nodeOf("predict").receive({ payload: [...at(1, 10, 50), ...at(2, 13, 42)] });
    await until(() => told.length === 1, "the scores", LIMIT_MS);
    const [usual, odd] = readingsOf(told[0]);
    expect(usual).toMatchObject({ sensor: "anomaly_score", unit: "1", anomaly: { isAnomaly: false } });
    expect(odd).toMatchObject({ sensor: "anomaly_score", anomaly: { detector: "pumps", isAnomaly: true } });
    expect(Number(odd?.value)).toBeGreaterThan(4);
  }, 120_000);

  it("fits on the history of devices, a class by the latest value of its sensor", async () => {
    const next = gaussian(3);
    const database = openStore(join(temporary.folder, "test.db"));
    const now = Date.now();
    const rows = Array.from({ length: 300 }, (_, i): Reading[] => {
      const isBusy = Math.floor(i / 10) % 2 === 1;
      const at = now - (300 - i) * 1000;
      const current = reading((isBusy ? 8 : 2) + 0.5 * next(), at, { sensor: "current", unit: "A" });
      return i % 10 === 0
        ? [reading(isBusy ? "busy" : "idle", at, { sensor: "state", unit: "1" }), current]
        : [current];
    });
    database.history.append(["a", "b"].flatMap((deviceId) => rows.flat().map((item) => ({ ...item, deviceId }))));
    database.close();
    const { out, caught } = await run({ task: "classifier", source: "history", store: "store", target: "state" });
    nodeOf("n").receive({ payload: 1 });
    await until(() => out.length === 1 || caught.length > 0, "the report", LIMIT_MS);
    expect(caught).toEqual([]);
    expect(out[0]?.payload).toMatchObject({ units: 2, rows: 600, labels: ["busy", "idle"], sensors: ["current"] });
    expect(reportOf(out[0]).metrics.accuracy).toBeGreaterThan(0.95);
  }, 120_000);

  it("tells once, counts and reports what of the history it does not train on", async () => {
    const next = gaussian(5);
    const database = openStore(join(temporary.folder, "test.db"));
    const units = [...Array.from({ length: 200 }, () => "A"), ...Array.from({ length: 7 }, () => "mA")];
    database.history.append(
      units.map((unit, i) => reading(5 + next(), Date.now() - (units.length - i) * 1000, { sensor: "current", unit })),
    );
    database.close();
    const { out, caught } = await run({ task: "anomaly", source: "history", store: "store", folds: 0 });
    nodeOf("n").receive({ payload: 1 });
    await until(() => out.length === 1 || caught.length > 0, "the report", LIMIT_MS);
    expect(caught).toEqual([]);
    const report = reportOf(out[0]);
    expect(report).toMatchObject({ rows: 200, leftOut: { "readings of another unit": 7 } });
    expect(report.notes[0]).toMatch(/^7 readings left out because their unit/);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "readings of another unit": 7 });
    const warned = warningsOf("n");
    expect(warned.filter((text) => text.includes("7 readings left out"))).toHaveLength(1);
    expect(warned.filter((text) => text.includes("current in mA, not in A"))).toHaveLength(1);
    await until(() => statusOf("n").includes("units changed"), "the yellow status");
  }, 120_000);

  it("trains one model at a time, and can be cancelled", async () => {
    const file = pumpsFile("pumps.csv");
    const { out, caught } = await run({
      task: "rul",
      file,
      unit: "pump",
      age: "hour",
      averaged: 20,
      folds: 8,
      learner: "both",
    });
    nodeOf("n").receive({ payload: 1 });
    await until(() => statusOf("n").includes("%"), "progress", LIMIT_MS);
    nodeOf("n").receive({ payload: 2 });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain("the training of pumps is under way");
    nodeOf("n").receive({ command: "cancel" });
    await until(() => statusOf("n") === "cancelled", "the end");
    expect(out).toEqual([]);
    expect(caught).toHaveLength(1);
  }, 120_000);

  it("says that a training was given up when the node is closed", async () => {
    const file = pumpsFile("pumps.csv");
    await run({ task: "rul", file, unit: "pump", age: "hour", averaged: 20, folds: 8, learner: "both" });
    const node = nodeOf("n");
    // The test helper takes its spies away before it closes the nodes.
    const warnings: string[] = [];
    Object.assign(node, { warn: (text: string) => warnings.push(text) });
    node.receive({ payload: 1 });
    await until(() => statusOf("n").includes("%"), "progress", LIMIT_MS);
    await stopFlow();
    expect(warnings).toEqual([expect.stringMatching(/the training of pumps is given up at \d+ %/)]);
  }, 120_000);

  it("says where a file cannot be read, with its line", async () => {
    const file = pumpsFile("pumps.csv");
    const { caught } = await run({ task: "rul", file: "none.csv", unit: "pump", age: "hour" });
    nodeOf("n").receive({ payload: 1 });
    await until(() => caught.length === 1, "the missing file");
    expect(reasonOf(caught[0])).toMatch(/none.csv does not exist/);
    writeFileSync(file, "pump,hour,temperature\na,0,1\na,1,hot\n");
    nodeOf("n").receive({ payload: 1, filename: file });
    await until(() => caught.length === 2, "the wrong line", LIMIT_MS);
    expect(reasonOf(caught[1])).toMatch(/line 3, column temperature|no column of numbers/);
    rmSync(file);
  }, 120_000);

  it("is red when no store is chosen", async () => {
    const { caught } = await run({ task: "rul", file: "x.csv", models: "" });
    nodeOf("n").receive({ payload: 1 });
    await until(() => caught.length > 0, "the refusal");
    expect(reasonOf(caught.at(-1))).toContain("models");
  });
});
