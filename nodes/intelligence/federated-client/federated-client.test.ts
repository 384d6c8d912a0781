import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import { type Announcement, decodeUpdate, encodeAnnouncement, encodeVerdict } from "../../../lib/federated/messages";
import type { Reading } from "../../../lib/reading";
import { coordinatorAt } from "../../../test/support/federation";
import { statusOf, warningsOf } from "../../../test/support/hooks";
import { freePort } from "../../../test/support/mosquitto";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import broker from "../../protocols/broker/broker";
import store from "../../storage/store/store";
import client from "./federated-client";

let folder: string;
let server: MqttClient | undefined;
let port: number;
let updates: { topic: string; payload: Buffer }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-federated-"));
  port = await freePort();
  updates = [];
});
afterEach(async () => {
  await server?.endAsync(true);
  server = undefined;
  await stopFlow();
  rmSync(folder, { recursive: true, force: true });
});

async function run(config: Record<string, unknown> = {}): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [broker, store, client],
    [
      { id: "b", type: "gatewise-broker", z: "", port, clientId: "gateway-7" },
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "test.db") },
      {
        ...{ id: "n", type: "gatewise-federated-client", broker: "b", group: "g", wires: [["out"]] },
        ...{ sensors: "speed, load", target: "temperature", minRows: 20, ...config },
      },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  const found = { out: messagesAt("out"), caught: messagesAt("caught") };
  if (config.sensors === undefined) await listen();
  return found;
}

async function listen(): Promise<void> {
  await server?.endAsync(true);
  await until(() => statusOf("n").includes("no server heard yet"), "the client is connected");
  server = await connectAsync(`mqtt://127.0.0.1:${port}`);
  server.on("message", (topic, payload) => updates.push({ topic, payload }));
  await server.subscribeAsync("federated/g/updates/+", { qos: 1 });
}

async function announce(over: Partial<Announcement> = {}): Promise<void> {
  const { announcement } = coordinatorAt({ now: 0 });
  if (!announcement) throw new Error("no announcement");
  await server?.publishAsync("federated/g/round", encodeAnnouncement({ ...announcement, ...over }), {
    qos: 1,
    retain: true,
  });
}

/** Readings of a machine: three sensors, `count` times. */
function readings(count: number, start = 0): Reading[] {
  return Array.from({ length: count }, (_, i) => start + i).flatMap((i) => {
    const [load, speed] = [50 + 20 * Math.sin(i), 25 + 10 * Math.cos(3 * i)];
    const of = (sensor: string, value: number, unit: string): Reading => ({
      ...{ deviceId: "m1", sensor, value, unit, timestamp: 1_700_000_000_000 + 1000 * i, quality: "good" },
    });
    return [of("load", load, "%"), of("speed", speed, "Hz"), of("temperature", 20 + load + speed, "Cel")];
  });
}

const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

describe("the federated client", () => {
  it("trains on its rows when it has enough, in the name the broker knows it by, and predicts with the shared model", async () => {
    const { out } = await run();
    await announce();
    await until(() => statusOf("n") === "round 1: waits for rows, 0 of 20", "the round is heard");
    nodeOf("n").receive({ payload: readings(19) });
    await until(() => statusOf("n") === "round 1: waits for rows, 19 of 20", "the rows");
    nodeOf("n").receive({ payload: readings(31, 19) });
    await until(() => updates.length === 1, "the update");
    expect(updates[0]?.topic).toBe("federated/g/updates/gateway-7");
    const update = decodeUpdate(updates[0]?.payload as Buffer, 3);
    expect(update).toMatchObject({ client: "gateway-7", round: 1 });
    expect(update.rows).toBeGreaterThanOrEqual(20);
    expect(update.after).toBeLessThan(update.before as number);
    expect(out).toEqual([]);
    // Of the ranges 0…100, 0…50 and 0…200 with four deviations each: temperature = 100 + 50 ((load - 50) / 25).
    await announce({ round: 2, task: "done", parameters: Float32Array.of(1, 0, 0) });
    await until(() => statusOf("n").startsWith("model of round 2"), "the model");
    nodeOf("n").receive({ payload: readings(1, 100), topic: "kept" });
    await until(() => out.length === 1, "the prediction");
    const load = 50 + 20 * Math.sin(100);
    expect(out[0]).toMatchObject({
      topic: "kept",
      payload: [{ deviceId: "m1", sensor: "temperature.predicted", unit: "Cel", prediction: { model: "g 2" } }],
    });
    const predicted = out.flatMap(({ payload }) => payload as Reading[]);
    expect(predicted[0]?.value).toBeCloseTo(2 * load, 3);
  });

  it("answers a round once, and the next one again", async () => {
    await run();
    nodeOf("n").receive({ payload: readings(50) });
    await announce();
    await until(() => updates.length === 1, "the update");
    await announce({ deadline: 5 });
    await announce({ round: 2 });
    await until(() => updates.length === 2, "the next update");
    expect(updates.map(({ payload }) => decodeUpdate(payload, 3).round)).toEqual([1, 2]);
    expect(metricsOfNodes.of("n")).toMatchObject({ counts: { rows: 50, rounds: 3 } });
  });

  it("sends nothing to a server that asks for other sensors, and says why", async () => {
    const { caught } = await run();
    nodeOf("n").receive({ payload: readings(50) });
    const { announcement } = coordinatorAt({ now: 0 });
    if (!announcement) throw new Error("no announcement");
    const { plan } = announcement;
    await announce({ plan: { ...plan, inputs: ["load", "patient"] } });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain("the server trains on load, patient, temperature");
    await until(() => statusOf("n").includes("this client gives load, speed, temperature"), "the status says it");
    await server?.publishAsync("federated/g/round", "nonsense", { qos: 1 });
    await until(() => caught.length === 2, "the other refusal");
    expect(reasonOf(caught[1])).toContain("not a message of a federation");
    await announce();
    await until(() => updates.length === 1, "the update to a good server");
  });

  it("tells what the server refused", async () => {
    const { caught } = await run();
    await server?.publishAsync(
      "federated/g/verdicts/gateway-7",
      encodeVerdict({ session: "s", round: 1, kind: "refused", reason: "its norm is 5" }),
    );
    await until(() => caught.length === 1, "the error");
    expect(reasonOf(caught[0])).toContain("the server refused the update: its norm is 5");
  });

  it("refuses texts, counts bad and other readings, and learns from the rest", async () => {
    const { caught } = await run();
    const [load, speed, temperature] = readings(1) as [Reading, Reading, Reading];
    const odd = [
      { ...load, value: "high" },
      { ...load, sensor: "pressure" },
      { ...speed, value: null, quality: "bad" as const },
    ];
    nodeOf("n").receive({ payload: [...odd, load, speed, temperature] });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain('m1/load: expected a number or boolean, got "high"');
    expect(metricsOfNodes.of("n")).toMatchObject({ counts: { rows: 1, bad: 1, "other sensors": 1 }, refused: 1 });
  });

  it("keeps its rows over a restart, until it is told to forget them", async () => {
    await run({ store: "store", minRows: 200 });
    nodeOf("n").receive({ payload: readings(150) });
    await until(() => metricsOfNodes.of("n")?.counts.rows === 150, "the rows");
    await stopFlow();
    await run({ store: "store", minRows: 200 });
    await announce();
    await until(() => statusOf("n") === "round 1: waits for rows, 150 of 200", "the rows are there again");
    nodeOf("n").receive({ command: "reset" });
    await until(() => statusOf("n") === "round 1: waits for rows, 0 of 200", "they are forgotten");
    await stopFlow();
    await run({ store: "store", minRows: 200, name: "again" });
    await announce();
    await until(() => statusOf("n") === "round 1: waits for rows, 0 of 200", "for good");
  });

  it.each([
    [{ sensors: "" }, /sensors/],
    [{ sensors: "a, a" }, /each one once/],
    [{ sensors: "a, temperature" }, /the sensor to predict not among them/],
    [{ sensors: "a", client: "x/y" }, /client: expected a name without/],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    await run(config);
    await until(() => reason.test(statusOf("n")), `the status says ${reason}`);
  });

  it("tells once which rows it leaves out for their units or times, counts them, and shows it while it lasts", async () => {
    await run();
    const warned = (): string[] => warningsOf("n");
    nodeOf("n").receive({ payload: readings(30) });
    await until(() => metricsOfNodes.of("n")?.counts.rows === 30, "the rows");
    expect(warned()).toEqual([]);
    const changed = readings(10, 30).map((each) => (each.sensor === "load" ? { ...each, unit: "kW" } : each));
    nodeOf("n").receive({ payload: changed });
    await until(
      () => statusOf("n").includes("the unit of load is kW, expected %; convert it before, or send reset"),
      "the status",
    );
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ rows: 30, "readings of another unit": 10 });
    const astray = { ...readings(1)[0]!, timestamp: 1_900_000_000_000 };
    nodeOf("n").receive({ payload: [astray, ...readings(10, 40)] });
    await until(() => metricsOfNodes.of("n")?.counts.rows === 40, "the rows after it");
    expect(metricsOfNodes.of("n")?.counts).toMatchObject({ "readings dated ahead": 1 });
    expect(warned().filter((text) => text.includes("the unit of load"))).toHaveLength(1);
    await until(() => !statusOf("n").includes("unit"), "the status is right again");
  });

  describe("in a federation with other units", () => {
    const celsius = { units: ["%", "Hz", "Cel"] };
    const inFahrenheit = (each: Reading): Reading =>
      each.sensor === "temperature" ? { ...each, unit: "[degF]", value: 1.8 * (each.value as number) + 32 } : each;

    it("does not train on rows in its own, says so, and begins anew with readings that are converted", async () => {
      await run({ store: "store" });
      nodeOf("n").receive({ payload: readings(30).map(inFahrenheit) });
      await until(() => metricsOfNodes.of("n")?.counts.rows === 30, "the rows");
      await announce(celsius);
      await until(
        () => statusOf("n").startsWith("30 rows of no use: temperature is in [degF], expected Cel"),
        "the status",
      );
      nodeOf("n").receive({ payload: readings(10, 30).map(inFahrenheit) });
      await until(() => metricsOfNodes.of("n")?.counts["readings of another unit"] === 10, "they are left out");
      expect(warningsOf("n")).toEqual(["m1: the unit of temperature is [degF], expected Cel; convert it before"]);
      nodeOf("n").receive({ payload: readings(20, 40) });
      await until(() => updates.length === 1, "the update");
      expect(decodeUpdate(updates[0]!.payload, 3)).toMatchObject({ rows: 20, ...celsius });
      expect(warningsOf("n").at(-1)).toBe(
        "30 rows forgotten: temperature was in [degF], and is in Cel in the federation",
      );
    });

    it("predicts in the federation's unit, whatever its own sensor has", async () => {
      const { out } = await run();
      await announce({ ...celsius, round: 2, task: "done", parameters: Float32Array.of(1, 0, 0) });
      await until(() => statusOf("n").startsWith("model of round 2"), "the model");
      nodeOf("n").receive({ payload: readings(1).map(inFahrenheit) });
      await until(() => out.length === 1, "the prediction");
      expect(out[0]?.payload).toMatchObject([{ sensor: "temperature.predicted", unit: "Cel" }]);
      const wrong = readings(1, 1).map((each) => (each.sensor === "speed" ? { ...each, unit: "rad/s" } : each));
      nodeOf("n").receive({ payload: [...wrong, ...readings(1, 2)] });
      await until(() => out.length === 2, "the prediction from the right inputs");
      expect(out[1]?.payload).toMatchObject([{ timestamp: 1_700_000_002_000 }]);
    });

    it("holds all its devices to one unit, and keeps it over a restart", async () => {
      const store = { store: "store" };
      await run(store);
      const ofM2 = (each: Reading): Reading => ({ ...inFahrenheit(each), deviceId: "m2" });
      nodeOf("n").receive({ payload: [...readings(25), ...readings(25).map(ofM2)] });
      await until(() => metricsOfNodes.of("n")?.counts["readings of another unit"] === 25, "they are left out");
      expect(metricsOfNodes.of("n")?.counts.rows).toBe(25);
      await stopFlow();
      await run(store);
      nodeOf("n").receive({ payload: readings(5, 25).map(ofM2) });
      await until(() => metricsOfNodes.of("n")?.counts["readings of another unit"] === 5, "they are left out again");
      nodeOf("n").receive({ payload: [], command: "reset" });
      nodeOf("n").receive({ payload: readings(5, 30).map(ofM2) });
      await until(() => metricsOfNodes.of("n")?.counts.rows === 5, "after a reset any will do");
    });
  });
});
