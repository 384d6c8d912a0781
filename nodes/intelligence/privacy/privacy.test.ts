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
import privacy from "./privacy";

afterEach(stopFlow);

const TEMPERATURE = [{ sensor: "temperature", low: 0, high: 40 }];
const NODE = { type: "gatewise-privacy", version: 1, sensors: TEMPERATURE, wires: [["out"]] };

/** Accounts without a store live as long as the process: each flow has a book of its own. */
let flows = 0;

async function run(
  config: Record<string, unknown>,
  file?: string,
): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [privacy, store],
    [
      ...(file ? [{ id: "store", type: "gatewise-store", z: "", file }] : []),
      { ...NODE, id: "n", ledger: file ? "" : `book ${++flows}`, ...config },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

const readingsIn = (messages: readonly NodeMessage[]): Reading[] =>
  messages.flatMap(({ payload }) => payload as Reading[]);
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";
/** For tests of what noise there is: enough budget for all of them. */
const RICH = { budget: 1_000_000 };

describe("privacy", () => {
  it("adds the noise that it says, and lets nothing through that tells of the value", async () => {
    const { out } = await run({ epsilon: 2, ...RICH });
    const verdicts = { anomaly: { detector: "z", isAnomaly: false, score: 1.23 }, metadata: { raw: "20" }, seq: 4 };
    nodeOf("n").receive({ payload: Array.from({ length: 4000 }, (_, i) => reading(20, i, verdicts)) });
    await until(() => out.length === 1, "the readings");
    const released = readingsIn(out);
    expect(released.length).toBe(4000);
    expect(released[7]).toEqual({
      deviceId: "d1",
      sensor: "temperature",
      value: expect.any(Number),
      unit: "Cel",
      timestamp: 7,
      quality: "good",
      metadata: { privacy: "laplace", epsilon: "2", noiseStd: "28.28" },
    });
    const values = released.map(({ value }) => value as number);
    const mean = values.reduce((sum, value) => sum + value, 0) / 4000;
    const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4000);
    // 28.28 with standard errors of 0.45 and about 0.5: seven of them.
    expect(Math.abs(mean - 20)).toBeLessThan(3.2);
    expect(Math.abs(std - 28.28)).toBeLessThan(3.5);
  });

  it("releases means of a series, and sums, under their own names", async () => {
    const { out } = await run({ release: "series", count: 10, aggregate: "sum", epsilon: 1000, ...RICH });
    nodeOf("n").receive({ payload: series([...Array(25)].map((_, i) => (i < 10 ? 20 : 30))) });
    await until(() => out.length === 1, "two sums");
    expect(readingsIn(out)).toMatchObject([
      { deviceId: "d1", sensor: "temperature.sum", value: expect.closeTo(200, 0), timestamp: 9000 },
      { deviceId: "d1", sensor: "temperature.sum", value: expect.closeTo(300, 0), timestamp: 19_000 },
    ]);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ released: 2, waiting: 23 });
  });

  it("releases the mean over devices when enough have given theirs, each once", async () => {
    const { out } = await run({
      release: "devices",
      count: 3,
      group: "ward-1",
      epsilon: 1000,
      budget: 1000,
      period: 0,
    });
    const of = (deviceId: string, value: number) => ({ ...reading(value), deviceId });
    nodeOf("n").receive({ payload: [of("a", 10), of("b", 20), of("a", 12)] });
    nodeOf("n").receive({ payload: [of("c", 28)] });
    await until(() => out.length === 1, "the mean");
    expect(readingsIn(out)).toMatchObject([
      { deviceId: "ward-1", sensor: "temperature.mean", value: expect.closeTo(20, 0) },
    ]);
    // Each has spent all it had: they give nothing more.
    nodeOf("n").receive({ payload: [of("a", 10), of("b", 20), of("c", 30), of("d", 1), of("e", 2), of("f", 3)] });
    await until(() => out.length === 2, "the mean of the others");
    expect(readingsIn(out)[1]?.value).toBeCloseTo(2, 0);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "without budget": 3 });
  });

  it.each([
    ["suppress", 10, 0],
    ["repeat", 15, 0],
    ["refuse", 10, 1],
  ])("pays for ten releases of 0.1 out of 1, then does as it is told: %s", async (exhausted, released, refusals) => {
    const { out, caught } = await run({ epsilon: 0.1, budget: 1, exhausted });
    nodeOf("n").receive({ payload: series(Array(15).fill(20)) });
    await until(() => out.length === 1 && caught.length === refusals, "the readings");
    const readings = readingsIn(out);
    expect(readings.length).toBe(released);
    expect(new Set(readings.map(({ value }) => value)).size).toBeGreaterThan(8);
    if (exhausted === "repeat") {
      expect(readings[14]).toMatchObject({ value: readings[9]?.value, timestamp: 14_000, quality: "uncertain" });
      expect(readings[14]?.metadata?.repeated).toBe("true");
    }
    if (refusals > 0) {
      expect(reasonOf(caught[0])).toContain("5 of 15 refused: d1/temperature: the privacy budget is spent");
    } else expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "without budget": 5 });
  });

  it("has a budget of each device, or of each series", async () => {
    const sensors = ["temperature", "humidity"].map((sensor) => ({ sensor, low: 0, high: 100 }));
    const both = series(Array(10).fill(5)).flatMap((item) => [item, { ...item, sensor: "humidity", unit: "%" }]);
    const { out } = await run({ sensors, epsilon: 0.1, budget: 1, account: "device" });
    nodeOf("n").receive({ payload: [...both, { ...reading(5), deviceId: "d2" }] });
    await until(() => out.length === 1, "the readings");
    expect(readingsIn(out).length).toBe(11);
    await stopFlow();
    const other = await run({ sensors, epsilon: 0.1, budget: 1, account: "series" });
    nodeOf("n").receive({ payload: both });
    await until(() => other.out.length === 1, "the readings");
    expect(readingsIn(other.out).length).toBe(20);
  });

  it("pays for more releases with Gaussian noise, by what they come to together", async () => {
    const { out } = await run({ mechanism: "gaussian", epsilon: 0.1, budget: 1 });
    nodeOf("n").receive({ payload: series(Array(500).fill(20)) });
    await until(() => out.length === 1, "the readings");
    expect(readingsIn(out).length).toBeGreaterThan(50);
    expect(readingsIn(out).length).toBeLessThan(200);
  });

  it("does not make a budget whole by a restart, nor by another configuration", async () => {
    const directory = mkdtempSync(join(tmpdir(), "gatewise-privacy-"));
    try {
      const file = join(directory, "test.db");
      const config = { epsilon: 0.1, budget: 1, store: "store" };
      const first = await run(config, file);
      nodeOf("n").receive({ payload: series(Array(7).fill(20)) });
      await until(() => first.out.length === 1, "seven");
      await stopFlow();
      const second = await run({ ...config, clamp: true }, file);
      nodeOf("n").receive({ payload: series(Array(7).fill(20)) });
      await until(() => second.out.length === 1, "the rest");
      expect(readingsIn(second.out).length).toBe(3);
      for (const { value } of readingsIn(second.out)) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(40);
      }
    } finally {
      await stopFlow();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("shares one budget with another node by the name of their book, also without a store and after a redeploy", async () => {
    const config = { ...NODE, epsilon: 0.5, budget: 1, ledger: "ward" };
    const flow = [
      { ...config, id: "n" },
      { ...config, id: "m" },
      { id: "out", type: "helper" },
    ];
    await startFlow([privacy], flow);
    const out = messagesAt("out");
    for (const id of ["n", "m", "n", "m"]) nodeOf(id).receive({ payload: [reading(20)] });
    const spent = () => ["n", "m"].map((id) => metricsOfNodes.of(id)?.counts["without budget"] ?? 0);
    await until(() => readingsIn(out).length + spent()[0]! + spent()[1]! >= 4, "all four");
    expect(readingsIn(out).length).toBe(2);
    await stopFlow();
    await startFlow([privacy], flow);
    nodeOf("m").receive({ payload: [reading(20)] });
    await until(() => spent()[1] === 1, "the budget that is still spent");
    expect(messagesAt("out")).toEqual([]);
  });

  it("turns truth values over by chance, hides why a reading is bad, refuses texts and unknown sensors", async () => {
    const sensors = [{ sensor: "fall", low: 0, high: 1, epsilon: 1 }];
    const { out, caught } = await run({ sensors, ...RICH });
    const falls = Array.from({ length: 1000 }, (_, i) => reading(true, i, { sensor: "fall", unit: "1" }));
    const bad = reading(null, 5, { sensor: "fall", quality: "bad", metadata: { reason: "180 bpm is out of range" } });
    nodeOf("n").receive({ payload: [...falls, bad, reading("fell", 0, { sensor: "fall" }), reading(20)] });
    await until(() => out.length === 1 && caught.length === 1, "both");
    const released = readingsIn(out);
    // e / (1 + e) = 0.731, with a standard error of 0.014.
    expect(Math.abs(released.filter(({ value }) => value === true).length / 1000 - 0.731)).toBeLessThan(0.1);
    expect(released[1000]).toMatchObject({ value: null, quality: "bad", metadata: {} });
    expect(reasonOf(caught[0])).toContain(
      "2 of 1003 refused: d1/fall: noise needs a number or truth value, got a text",
    );
    // What was refused is as private as what was released.
    expect(reasonOf(caught[0])).not.toContain("fell");
  });

  it.each([
    [{ sensors: [] }, "sensors:"],
    [{ sensors: [{ sensor: "t", low: 5, high: 5 }] }, "sensors[0].high: expected more than 5, got 5"],
    [
      { sensors: [...TEMPERATURE, ...TEMPERATURE] },
      'sensors[1].sensor: expected another one than in row 1, got "temperature"',
    ],
    [{ epsilon: 2, budget: 1 }, "the budget of 1 does not pay for one release of epsilon 2"],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    const { caught } = await run(config);
    nodeOf("n").receive({ payload: [reading(1)] });
    await until(() => caught.some((msg) => msg.payload !== undefined), "the refusal");
    expect(reasonOf(caught.at(-1))).toContain(reason);
  });
});
