import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { shownBy, statusOf, warningsOf } from "../../../test/support/hooks";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { gaussian, reading } from "../../../test/support/series";
import { simulatedLife, type WearOptions } from "../../../test/support/wear";
import store from "../../storage/store/store";
import rul from "./rul";

const HOUR = 3_600_000;
const WEAR: WearOptions = {
  shape: "exponential",
  errors: "independent",
  healthy: 80,
  life: 200,
  differ: 0.2,
  noise: 0.05,
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "gatewise-rul-"));
});
afterEach(async () => {
  await stopFlow();
  rmSync(directory, { recursive: true, force: true });
});

interface Run {
  readonly out: NodeMessage[];
  readonly phases: NodeMessage[];
  readonly caught: NodeMessage[];
}

async function run(config: Record<string, unknown>): Promise<Run> {
  await startFlow(
    [rul, store],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(directory, "test.db") },
      {
        id: "n",
        type: "gatewise-rul",
        version: 1,
        sensor: "wear",
        failure: 10,
        wires: [["out"], ["phases"]],
        ...config,
      },
      { id: "out", type: "helper" },
      { id: "phases", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { out: messagesAt("out"), phases: messagesAt("phases"), caught: messagesAt("caught") };
}

const readingsIn = (messages: readonly NodeMessage[]): Reading[] =>
  messages.flatMap((msg) => (msg.payload ?? []) as Reading[]);
const wear = (values: readonly number[], deviceId = "pump", start = 0): Reading[] =>
  values.map((value, i) => reading(value, (start + i) * HOUR, { deviceId, sensor: "wear", unit: "mm/s" }));
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

const RANGE = { quantity: "vibration", sensor: "wear", normal: 1, limit: 4.5 } as const;

describe("rul", () => {
  it("says nothing of a healthy device, tells the life of one that wears, and recommends maintenance under 48 h", async () => {
    const { values, failure } = simulatedLife(gaussian(1), WEAR);
    const { out, phases } = await run({});
    nodeOf("n").receive({ payload: wear(values.slice(0, 80), "healthy") });
    nodeOf("n").receive({ payload: wear(values), topic: "kept" });
    await until(() => out.length === 1, "the estimates");
    const found = readingsIn(out);
    expect(new Set(found.map(({ deviceId }) => deviceId))).toEqual(new Set(["pump"]));
    const lives = found.filter(({ sensor }) => sensor === "rul");
    const last = lives.at(-1);
    expect(last?.unit).toBe("h");
    expect(Math.abs(Number(last?.value) - (failure - values.length + 1))).toBeLessThan(6);
    expect(last?.prediction).toMatchObject({ model: "extrapolation", unit: "h", value: last?.value });
    const due = found.filter(({ sensor }) => sensor === "maintenance_recommended");
    expect(due[0]?.value).toBe(false);
    expect(due.at(-1)?.value).toBe(true);
    const turned = due.find(({ value }) => value === true);
    expect(Math.abs(failure - 48 - (turned?.timestamp ?? 0) / HOUR)).toBeLessThan(20);
    expect(out[0]?.topic).toBe("kept");
    expect(readingsIn(phases).map(({ deviceId, value }) => [deviceId, value])).toEqual(
      expect.arrayContaining([
        ["healthy", "healthy"],
        ["pump", "healthy"],
        ["pump", "predicted"],
      ]),
    );
  });

  it("goes by a counter of the device, and refuses wear that comes before it", async () => {
    const { values } = simulatedLife(gaussian(2), WEAR);
    const { out, caught } = await run({ ageBy: "counter", counter: "cycles", hoursPerCount: 0.5 });
    nodeOf("n").receive({ payload: wear([1]) });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain("no reading of the counter pump/cycles yet");
    // A hundred cycles of half an hour between two readings.
    const batch = wear(values).flatMap((item, i) => [{ ...item, sensor: "cycles", value: i * 100 }, item]);
    nodeOf("n").receive({ payload: batch });
    await until(() => out.length === 1, "the estimates");
    const last = readingsIn(out).findLast(({ sensor }) => sensor === "rul");
    expect(Number(last?.value)).toBeLessThan(6 * 50);
    expect(Number(last?.prediction?.high)).toBeGreaterThan(20);
  });

  it("compares with the runs of a file", async () => {
    const next = gaussian(3);
    const rows = Array.from({ length: 12 }, (_, unit) =>
      simulatedLife(next, WEAR).values.map((value, hour) => `${unit},${hour},${value}`),
    );
    writeFileSync(join(directory, "runs.csv"), `unit,age,health\n${rows.flat().join("\n")}\n`);
    const { values, failure } = simulatedLife(next, WEAR);
    const { out } = await run({ method: "similarity", file: join(directory, "runs.csv") });
    nodeOf("n").receive({ payload: wear(values.slice(0, -20)) });
    await until(() => out.length === 1, "the estimates");
    const last = readingsIn(out).findLast(({ sensor }) => sensor === "rul");
    expect(last?.prediction).toMatchObject({ model: "similarity", unit: "h" });
    const truth = failure - (values.length - 21);
    expect(Math.abs(Number(last?.value) - truth)).toBeLessThan(20);
  });

  it("gives the maintenance probability of the last days", async () => {
    const { out } = await run({
      method: "probability",
      ranges: [RANGE],
    });
    nodeOf("n").receive({ payload: wear(new Array(30).fill(7)) });
    await until(() => out.length === 1, "the probability");
    expect(readingsIn(out).at(-1)).toMatchObject({
      sensor: "maintenance_probability",
      metadata: { severity: "high", days: "1" },
    });
  });

  it("gives no probability from sensors that have gone, and is yellow", async () => {
    const { out } = await run({ method: "probability", ranges: [RANGE], every: 0 });
    const hot = wear(new Array(120).fill(7));
    nodeOf("n").receive({ payload: hot.map((item, i) => (i < 40 ? item : { ...item, sensor: "renamed" })) });
    await until(() => shownBy("n").fill === "yellow", "the yellow status");
    const results = readingsIn(out);
    expect(results.at(-1)).toMatchObject({
      quality: "uncertain",
      metadata: { reason: expect.stringContaining("no value of wear since") },
    });
    expect(statusOf("n")).toContain("no value of wear since");
  });

  it("is green again when the device in doubt has been gone for a day of the others", async () => {
    await run({});
    const odd = { ...(wear([1], "old")[0] as Reading), timestamp: Date.UTC(2046, 0, 1) };
    const steady = new Array(40).fill(1);
    nodeOf("n").receive({ payload: [...wear([1, 1, 1], "old"), odd, ...wear(steady.slice(0, 20))] });
    await until(() => statusOf("n").includes("old: "), "the doubt");
    expect(shownBy("n").fill).toBe("yellow");
    nodeOf("n").receive({ payload: wear(steady, "pump", 20) });
    await until(() => shownBy("n").fill === "green", "the green status");
  });

  it("knows after a restart what it had learned, and forgets it on reset", async () => {
    const { values } = simulatedLife(gaussian(4), WEAR);
    const half = values.length - 20;
    const first = await run({ store: "store" });
    nodeOf("n").receive({ payload: wear(values.slice(0, half)) });
    await until(() => first.out.length === 1, "the first batch");
    await stopFlow();
    const { out } = await run({ store: "store" });
    nodeOf("n").receive({ payload: wear(values.slice(half), "pump", half) });
    await until(() => out.length === 1, "estimates at once");
    expect(readingsIn(out).filter(({ sensor }) => sensor === "rul")).toHaveLength(20);
    nodeOf("n").receive({ command: "reset", payload: "pump" });
    nodeOf("n").receive({ payload: wear(values.slice(half), "pump", half) });
    nodeOf("n").receive({ payload: wear(values, "other") });
    await until(() => out.length === 3, "the other device");
    expect(new Set(readingsIn(out.slice(2)).map(({ deviceId }) => deviceId))).toEqual(new Set(["other"]));
  });

  it("keeps what it had learned when it is to recommend or report otherwise, and says so when it cannot be kept", async () => {
    const { values } = simulatedLife(gaussian(4), WEAR);
    const half = values.length - 20;
    const first = await run({ store: "store" });
    nodeOf("n").receive({ payload: wear(values.slice(0, half)) });
    await until(() => first.out.length === 1, "the first batch");
    await stopFlow();
    const second = await run({ store: "store", dueBelow: 1000, hysteresis: 5, horizon: 9000, every: 1, name: "Pumps" });
    nodeOf("n").receive({ payload: wear(values.slice(half, half + 10), "pump", half) });
    await until(() => second.out.length === 1, "estimates at once");
    expect(readingsIn(second.out).filter(({ sensor }) => sensor === "rul")).toHaveLength(10);
    await until(() => /^1 device, pump: .* h left$/.test(statusOf("n")), "the status without a doubt");
    expect(warningsOf("n")).toEqual([]);
    await stopFlow();
    await run({ store: "store", failure: 12 });
    nodeOf("n").receive({ payload: wear(values.slice(half + 10), "pump", half + 10) });
    await until(() => statusOf("n").includes("1 device"), "the status");
    expect(shownBy("n")).toMatchObject({ fill: "yellow", text: expect.stringContaining("learns afresh") });
    expect(warningsOf("n")).toEqual([expect.stringMatching(/^1 state of before .* options .* changed/)]);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "states given up": 1 });
  });

  it("takes back on reset what it recommended, also before the device has reported after a restart", async () => {
    const { values } = simulatedLife(gaussian(4), WEAR);
    const first = await run({ store: "store" });
    nodeOf("n").receive({ payload: [...wear(values), ...wear(values.slice(0, 80), "healthy")] });
    await until(() => first.out.length === 1, "the recommendation");
    await stopFlow();
    const { out } = await run({ store: "store" });
    nodeOf("n").receive({ command: "reset", payload: { deviceId: "pump" } });
    await until(() => out.length === 1, "the end of the recommendation");
    expect(out[0]).toMatchObject({ answers: "reset" });
    expect(readingsIn(out)).toEqual([
      {
        deviceId: "pump",
        sensor: "maintenance_recommended",
        value: false,
        unit: "1",
        timestamp: (values.length - 1) * HOUR,
        quality: "good",
      },
    ]);
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ payload: wear(values) });
    nodeOf("n").receive({ command: "reset" });
    await until(() => out.length === 3, "the next recommendation and its end");
    expect(readingsIn(out.slice(2))).toMatchObject([{ deviceId: "pump", value: false }]);
  });

  it("takes back on a reset of all what it recommended of devices that have not reported since the start", async () => {
    const { values } = simulatedLife(gaussian(4), WEAR);
    const first = await run({ store: "store" });
    nodeOf("n").receive({
      payload: [...wear(values), ...wear(values, "fan"), ...wear(values.slice(0, 80), "healthy")],
    });
    await until(() => first.out.length === 1, "the recommendations");
    await stopFlow();
    const { out } = await run({ store: "store" });
    nodeOf("n").receive({ payload: wear([9], "fan", values.length) });
    nodeOf("n").receive({ command: "reset" });
    await until(() => out.length === 2, "the end of the recommendations");
    const ended = readingsIn(out.slice(1));
    expect(ended.map(({ deviceId }) => deviceId).sort()).toEqual(["fan", "pump"]);
    expect(ended.every(({ sensor, value }) => sensor === "maintenance_recommended" && value === false)).toBe(true);
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ payload: wear(values) });
    await until(() => out.length === 3, "the estimates after it was forgotten");
    expect(readingsIn(out.slice(2)).some(({ sensor }) => sensor === "rul")).toBe(true);
  });

  it("goes on after one reading with a wrong year, tells of it once, and counts what it leaves out", async () => {
    const { values } = simulatedLife(gaussian(6), WEAR);
    const { out } = await run({ every: 0 });
    const half = values.length - 20;
    nodeOf("n").receive({ payload: wear(values.slice(0, half)) });
    nodeOf("n").receive({ payload: wear([9], "pump", half + 20 * 365 * 24) });
    await until(() => statusOf("n").startsWith("pump: a reading is dated 1990-"), "the doubt in the status");
    nodeOf("n").receive({ payload: wear([1, 1], "pump", 3) });
    const bad = { quality: "bad", value: null } as const;
    nodeOf("n").receive({ payload: [...wear(values.slice(half), "pump", half), { ...wear([1])[0], ...bad }] });
    await until(() => readingsIn(out).at(-1)?.timestamp === (values.length - 1) * HOUR, "the estimates");
    expect(readingsIn(out).at(-1)).toMatchObject({ sensor: "maintenance_recommended", value: true });
    await until(() => statusOf("n").includes("h left; left out: "), "the status");
    expect(statusOf("n")).toMatch(/left out: 2 late readings, 1 readings dated ahead, 1 bad readings$/);
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "late readings": 2, "readings dated ahead": 1 });
  });

  it("refuses the figure in another unit until it is reset, and what is no number", async () => {
    const { values } = simulatedLife(gaussian(7), WEAR);
    const { out, caught } = await run({});
    nodeOf("n").receive({ payload: wear(values.slice(0, 200)) });
    const others = wear(values.slice(200, 205), "pump", 200).map((each) => ({ ...each, value: 9.81, unit: "m/s2" }));
    nodeOf("n").receive({ payload: [...others, { ...wear(["worn" as never])[0], timestamp: 999 * HOUR }] });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toMatch(/6 of 6 refused: pump\/wear: its unit is m\/s2 after mm\/s: .*; and 5 more/);
    expect(out).toHaveLength(1);
    nodeOf("n").receive({ command: "reset" });
    nodeOf("n").receive({ payload: others });
    nodeOf("n").receive({ payload: wear([1]) });
    await until(() => caught.length === 2, "the refusal of the old unit");
    expect(reasonOf(caught[1])).toContain("its unit is mm/s after m/s2");
  });

  it("shows what has become of the device whose life it showed", async () => {
    const { values } = simulatedLife(gaussian(8), WEAR);
    await run({});
    nodeOf("n").receive({ payload: wear(values) });
    await until(() => /^1 device, pump: .* h left$/.test(statusOf("n")), "the life");
    expect(Number(/([\d.]+) h left/.exec(statusOf("n"))?.[1])).toBeLessThan(48);
    // Somebody should look.
    expect(shownBy("n").fill).toBe("yellow");
    const next = gaussian(9);
    const repaired = Array.from({ length: 100 }, () => Math.exp(0.05 * next()));
    nodeOf("n").receive({ payload: wear(repaired, "pump", values.length) });
    await until(() => /, pump: healthy$/.test(statusOf("n")), "the phase");
    expect(shownBy("n").fill).toBe("green");
  });

  it("says when the figure has been uncertain for long", async () => {
    await run({});
    const uncertain = wear(new Array(20).fill(1)).map((each) => ({ ...each, quality: "uncertain" as const }));
    nodeOf("n").receive({ payload: uncertain });
    await until(() => statusOf("n") === "pump: wear has been uncertain for long: not learned from", "the status");
  });

  it("tells once when failure cannot be told from normal", async () => {
    const { caught } = await run({ failure: 1 });
    nodeOf("n").receive({ payload: wear(simulatedLife(gaussian(5), WEAR).values.slice(0, 80)) });
    await until(() => caught.length === 1, "the problem");
    expect(reasonOf(caught[0])).toContain("pump: the failure value 1 lies among the normal values");
  });

  it.each([
    [{ method: "similarity", file: "missing.csv" }, /Runs to failure: .*missing.csv: ENOENT/],
    [{ method: "similarity" }, /file: must not be empty/],
    [{ method: "probability", ranges: [] }, /sensors: expected at least one/],
    [
      {
        method: "probability",
        ranges: [{ quantity: "pressure", sensor: "p", normal: 1, limit: 2 }],
        coefficients: [{ feature: "noise.mean", value: 1 }],
      },
      /there is no feature "noise.mean"; there are intercept, temperature.mean/,
    ],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    const { caught } = await run(config);
    nodeOf("n").receive({ payload: wear([1]) });
    await until(() => caught.length > 0, "the refusal");
    expect(reasonOf(caught.at(-1))).toMatch(reason);
  });
});
