import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import { decodeAnnouncement, encodeUpdate, fingerprintOf, type Update } from "../../../lib/federated/messages";
import { loadPredictor } from "../../../lib/model/predictors";
import type { Reading } from "../../../lib/reading";
import { statusOf, warningsOf } from "../../../test/support/hooks";
import { freePort } from "../../../test/support/mosquitto";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import broker from "../../protocols/broker/broker";
import store from "../../storage/store/store";
import server from "./federated-server";

const INPUTS = [
  { sensor: "speed", low: 0, high: 40 },
  { sensor: "load", low: 0, high: 4 },
];
const MODEL = { target: "temperature", targetLow: 0, targetHigh: 4, sensors: INPUTS };

let folder: string;
let client: MqttClient | undefined;
let port: number;
let heard: { topic: string; payload: Buffer; retain: boolean }[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-federated-"));
  port = await freePort();
  heard = [];
});
afterEach(async () => {
  await client?.endAsync(true);
  client = undefined;
  await stopFlow();
  rmSync(folder, { recursive: true, force: true });
});

async function run(
  config: Record<string, unknown>,
): Promise<{ rounds: NodeMessage[]; models: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [broker, store, server],
    [
      { id: "b", type: "gatewise-broker", z: "", port },
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "test.db") },
      {
        id: "n",
        type: "gatewise-federated-server",
        broker: "b",
        group: "g",
        ...MODEL,
        wires: [["rounds"], ["models"]],
        ...config,
      },
      { id: "rounds", type: "helper" },
      { id: "models", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
  );
  return { rounds: messagesAt("rounds"), models: messagesAt("models"), caught: messagesAt("caught") };
}

async function listen(): Promise<void> {
  await client?.endAsync(true);
  await until(() => statusOf("n").includes("update"), "the server is connected");
  client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  client.on("message", (topic, payload, { retain }) => heard.push({ topic, payload, retain }));
  await client.subscribeAsync("federated/#", { qos: 1 });
  await until(() => announcements().length > 0, "the announcement");
}

const announcements = () =>
  heard.filter(({ topic }) => topic === "federated/g/round").map(({ payload }) => decodeAnnouncement(payload));
const verdictsFor = (name: string) =>
  heard
    .filter(({ topic }) => topic === `federated/g/verdicts/${name}`)
    .map(({ payload }) => JSON.parse(payload.toString()));

async function send(name: string, delta: readonly number[], over: Partial<Update> = {}): Promise<void> {
  const asked = announcements().at(-1);
  if (!asked) throw new Error("nothing was announced");
  const update = {
    ...{ session: asked.session, round: asked.round, client: name, base: fingerprintOf(asked.parameters), rows: 10 },
    ...{ units: ["", "", ""], before: 4, after: 1, delta: Float32Array.from(delta), ...over },
  };
  await client?.publishAsync(`federated/g/updates/${name}`, encodeUpdate(update), { qos: 1 });
}

const fileOf = (msg: NodeMessage | undefined): unknown =>
  (msg?.payload as { files: Record<string, unknown> } | undefined)?.files["model.json"];
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

describe("the federated server", () => {
  it("announces the units that are given, warns of clients with others, and gives the model with its own", async () => {
    const { models, caught } = await run({
      ...{ rounds: 1, enoughClients: 2, targetUnit: "Cel" },
      sensors: [{ ...INPUTS[0], unit: "Hz" }, INPUTS[1]],
    });
    await listen();
    expect(announcements()[0]?.units).toEqual(["", "Hz", "Cel"]);
    await send("east", [1, 0, 0], { units: ["%", "Hz", "[degF]"] });
    await until(() => verdictsFor("east").length === 1, "the verdict");
    expect(verdictsFor("east")[0]).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/^temperature is in \[degF\], expected Cel/),
    });
    await until(() => caught.length === 1, "the message that was refused");
    await send("north", [1, 0, 0], { units: ["%", "Hz", "Cel"] });
    await send("south", [1, 0, 0], { units: ["kW", "Hz", "Cel"] });
    await until(() => announcements().at(-1)?.units[0] === "%", "the units of the first");
    expect(warningsOf("n")).toEqual([
      "south is left out: load is in kW, expected %; its readings have to be converted before",
    ]);
    await send("west", [1, 0, 0], { units: ["%", "Hz", "Cel"] });
    await until(() => models.length === 1, "the model");
    expect(models[0]?.payload).toMatchObject({ outputs: [{ sensor: "temperature.predicted", unit: "Cel" }] });
  });

  it("announces the model, averages what comes, and gives rounds and the model that is ready", async () => {
    const { rounds, models } = await run({ rounds: 2, enoughClients: 2 });
    await listen();
    expect(announcements()[0]).toMatchObject({
      round: 1,
      task: "train",
      plan: { inputs: ["load", "speed"], target: "temperature" },
    });
    await send("a", [1, 0, 0]);
    await send("b", [0, 2, 4]);
    await until(() => announcements().at(-1)?.round === 2, "the second round");
    expect(announcements().at(-1)?.parameters).toEqual(Float32Array.of(0.5, 1, 2));
    expect(verdictsFor("a")).toEqual([expect.objectContaining({ kind: "accepted", round: 1 })]);
    await send("a", [0, 0, 0]);
    await send("b", [0, 0, 0]);
    await until(() => models.length === 1 && announcements().at(-1)?.task === "done", "the model");
    await until(() => statusOf("n") === "ready after 2 rounds", "the status says it");
    const readings = rounds[0]?.payload as Reading[];
    expect(readings.map(({ deviceId, sensor, value }) => [deviceId, sensor, value])).toEqual([
      ["g", "federated.clients", 2],
      ["g", "federated.rows", 20],
      ["g", "federated.loss", 2],
      ["g", "federated.lossAtClients", 1],
    ]);
    expect(rounds[0]?.round).toMatchObject({ round: 1, clients: ["a", "b"] });
    // Momentum of a half: (0.5, 1, 2) once more by half. load 2 and speed 20 are the middles, a deviation is a quarter.
    const predictor = loadPredictor(JSON.parse(JSON.stringify(fileOf(models[0]))));
    expect(predictor.predict(Float64Array.of(3, 30), 1)[0]).toBeCloseTo(2 + 0.75 + 1.5 + 3, 5);
    expect(models[0]).toMatchObject({ command: "import", payload: { name: "g", format: "gatewise" } });
  });

  it("refuses hostile updates with the reason, to the flow and to the sender, and goes on", async () => {
    const { caught } = await run({ enoughClients: 2, members: "a, b" });
    await listen();
    await send("a", [1]);
    await send("a", [1, Number.NaN, 1]);
    await send("a", [1, 1e30, 1]);
    await send("x", [1, 1, 1]);
    await client?.publishAsync("federated/g/updates/a", Buffer.from("hello"), { qos: 1 });
    await client?.publishAsync("federated/g/updates/__proto__", Buffer.from("hello"), { qos: 1 });
    await until(() => caught.length === 6, "six refusals");
    expect(caught.map(reasonOf)).toEqual([
      expect.stringContaining("1 parameters, expected 3"),
      expect.stringContaining("number 1 is NaN"),
      expect.stringContaining("its norm is 1.00e+30, at most 1000 is taken"),
      expect.stringContaining("x is not among the known clients"),
      expect.stringContaining("federated/g/updates/a: not a message of a federation"),
      expect.stringContaining('the name "__proto__" is reserved'),
    ]);
    expect(verdictsFor("x")).toEqual([
      expect.objectContaining({ kind: "refused", reason: "x is not among the known clients" }),
    ]);
    await send("a", [1, 1, 1]);
    await send("a", [1, 1, 1]);
    await send("b", [1, 1, 1]);
    await until(() => announcements().at(-1)?.round === 2, "the second round");
    expect(metricsOfNodes.of("n")).toMatchObject({ counts: { accepted: 2, duplicate: 1, refused: 6, rounds: 1 } });
  });

  it("goes on in the same round after a restart, with the updates that had come", async () => {
    const config = { store: "store", enoughClients: 2, rounds: 5 };
    await run(config);
    await listen();
    await send("a", [1, 1, 1]);
    await until(() => verdictsFor("a").length === 1, "the update is taken");
    const before = announcements().at(-1);
    await stopFlow();
    heard = [];
    const { rounds } = await run(config);
    await listen();
    expect(announcements()[0]).toEqual(before);
    await until(() => statusOf("n") === "round 1 of 5: 1 update", "the status says it");
    await send("b", [3, 3, 3]);
    await until(() => rounds.length === 1 && announcements().at(-1)?.round === 2, "the round");
    expect(announcements().at(-1)?.parameters).toEqual(Float32Array.of(2, 2, 2));
  });

  it("gives the model, ends a round and begins anew by command", async () => {
    const { models, rounds, caught } = await run({ rounds: 0 });
    await listen();
    nodeOf("n").receive({ command: "close" });
    await until(() => caught.length === 1, "the refusal");
    expect(reasonOf(caught[0])).toContain("0 updates are there, expected at least 2");
    await send("a", [1, 1, 1]);
    await send("b", [1, 1, 1]);
    await until(() => verdictsFor("b").length === 1, "both are taken");
    nodeOf("n").receive({ command: "close" });
    await until(() => rounds.length === 1, "the round");
    nodeOf("n").receive({ command: "model" });
    await until(() => models.length === 1, "the model");
    expect(fileOf(models[0])).toMatchObject({ kind: "network", inputs: 2 });
    nodeOf("n").receive({ command: "reset" });
    await until(
      () =>
        announcements()
          .at(-1)
          ?.parameters.every((value) => value === 0) ?? false,
      "the beginning",
    );
    nodeOf("n").receive({ payload: [1] });
    await until(() => caught.length === 2, "the refusal");
    expect(reasonOf(caught[1])).toContain("expected msg.command");
  });

  it("has clients measure their ranges where they are not declared", async () => {
    await run({ targetHigh: "", enoughClients: 1, minClients: 1 });
    await listen();
    expect(announcements()[0]).toMatchObject({ task: "measure", round: 0 });
    await send("a", [], { base: "", moments: { rows: 10, mean: [1, 2, 3], deviation: [4, 5, 6] } });
    await until(() => announcements().at(-1)?.task === "train", "the training");
    expect(announcements().at(-1)?.scale).toEqual({ mean: [1, 2, 3], deviation: [4, 5, 6] });
  });

  it("leaves out and names a client whose measured ranges are out of this world", async () => {
    const { caught } = await run({ targetHigh: "", enoughClients: 4, minClients: 4 });
    await listen();
    const measured = (name: string, of: number) =>
      send(name, [], { base: "", moments: { rows: 10, mean: [of, 2, 3], deviation: [4, 5, 6] } });
    await measured("a", 1);
    await measured("b", 1);
    await measured("c", 1);
    await measured("liar", 1e100);
    await until(() => announcements().at(-1)?.task === "train", "the training");
    expect(announcements().at(-1)?.scale).toEqual({ mean: [1, 2, 3], deviation: [4, 5, 6] });
    await until(() => caught.length > 0, "the word about it");
    expect(String((caught[0]?.error as { message?: string })?.message)).toMatch(
      /^liar: mean or spread .* was left out/,
    );
  });

  it.each([
    [{ sensors: [] }, /sensors/],
    [{ hidden: "16, wide" }, /hidden: expected a whole number from 1 to 1024, got "wide"/],
    [{ noise: "gaussian" }, /clip: expected a number above 0/],
    [{ noise: "gaussian", clip: 1, budget: 3 }, /budget: needs a store/],
    [{ sensors: [{ sensor: "a", low: 2, high: 1 }] }, /range of a: expected the low end below the high one/],
    [{ sensors: [{ sensor: "temperature", low: 0, high: 1 }] }, /the target not among them/],
    [{ group: "a/b" }, /group: expected a name without/],
    [{ enoughClients: 1 }, /enoughClients: expected a whole number from 2/],
  ])("is red when it cannot work as configured: %j", async (config, reason) => {
    await run(config);
    await until(() => reason.test(statusOf("n")), `the status says ${reason}`);
  });
});
