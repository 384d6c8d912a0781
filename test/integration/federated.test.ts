import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../kit/red";
import { decodeAnnouncement, encodeUpdate, fingerprintOf } from "../../lib/federated/messages";
import type { ModelToImport } from "../../lib/federated/model-file";
import type { RoundReport } from "../../lib/federated/report";
import { loadPredictor } from "../../lib/model/predictors";
import type { Reading } from "../../lib/reading";
import client from "../../nodes/intelligence/federated-client/federated-client";
import server from "../../nodes/intelligence/federated-server/federated-server";
import models from "../../nodes/intelligence/models/models";
import predict from "../../nodes/intelligence/predict/predict";
import broker from "../../nodes/protocols/broker/broker";
import store from "../../nodes/storage/store/store";
import { leastSquares, meanSquaredError, unevenGateways } from "../support/federation";
import { statusOf } from "../support/hooks";
import { type Line, lineTo, type Mosquitto, startMosquitto, until } from "../support/mosquitto";
import { missing } from "../support/needs";
import { messagesAt, nodeOf, startFlow, stopFlow } from "../support/red";

const GROUP = "boilers";
const gateways = unevenGateways();
const names = [...gateways.keys()];
const passwordOf = (user: string): string => `of ${user}`;

/** Rights as the help of the server node tells to give them: who is logged in as x publishes updates of x only. */
const RIGHTS = [
  "user server",
  `topic write federated/${GROUP}/round`,
  `topic write federated/${GROUP}/verdicts/+`,
  `topic read federated/${GROUP}/updates/+`,
  "pattern write federated/+/updates/%u",
  "pattern read federated/+/round",
  "pattern read federated/+/verdicts/%u",
];

function mosquittoConfig(dir: string): string {
  for (const [index, user] of ["server", "mallory", ...names].entries()) {
    const create = index === 0 ? ["-c"] : [];
    execFileSync("mosquitto_passwd", ["-b", ...create, join(dir, "passwords"), user, passwordOf(user)], {
      stdio: "ignore",
    });
  }
  writeFileSync(join(dir, "rights"), `${RIGHTS.join("\n")}\n`);
  return `allow_anonymous false\npassword_file ${dir}/passwords\nacl_file ${dir}/rights`;
}

/** What a gateway's sensors have said: one row a second. */
function readingsOf(name: string): Reading[] {
  return (gateways.get(name) ?? []).flatMap((row, second) =>
    ["load", "speed", "temperature"].map((sensor, column) => ({
      ...{ deviceId: `boiler of ${name}`, sensor, value: row[column] as number, unit: "1", quality: "good" as const },
      timestamp: 1_700_000_000_000 + 1000 * second,
    })),
  );
}

describe.skipIf(missing("mosquitto"))("five gateways and a server at mosquitto", () => {
  let mosquitto: Mosquitto;
  /** What the gateway that drops out is connected by. */
  let line: Line;
  let folder: string;

  beforeEach(async () => {
    mosquitto = await startMosquitto(mosquittoConfig);
    folder = mkdtempSync(join(tmpdir(), "gatewise-federated-"));
    line = await lineTo(mosquitto.port);
  });
  afterEach(async () => {
    await stopFlow();
    await line?.close();
    await mosquitto?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(over: Record<string, unknown> = {}) {
    const brokerOf = (user: string) => {
      const url = user === "centre" ? line.url : mosquitto.url;
      return { id: `broker ${user}`, type: "gatewise-broker", z: "", mode: "url", url, retryMost: 1 };
    };
    const clientOf = (name: string) => ({
      ...{ id: name, type: "gatewise-federated-client", broker: `broker ${name}`, group: GROUP, wires: [[]] },
      ...{ sensors: "speed, load", target: "temperature", minRows: 20, store: "store", predictions: false },
    });
    await startFlow(
      [broker, store, server, client, models, predict],
      [
        ...["server", ...names].map(brokerOf),
        { id: "store", type: "gatewise-store", z: "", file: join(folder, "test.db") },
        {
          ...{ id: "server", type: "gatewise-federated-server", broker: "broker server", group: GROUP, store: "store" },
          ...{ sensors: [{ sensor: "load" }, { sensor: "speed" }], target: "temperature", rounds: 0, everyRound: true },
          ...{
            minClients: 3,
            enoughClients: 5,
            roundTime: 2,
            members: names.join(", "),
            wires: [["rounds"], ["models"]],
            ...over,
          },
        },
        ...names.map(clientOf),
        { id: "store of models", type: "gatewise-models", z: "", folder: join(folder, "models"), flowsImport: true },
        { id: "predict", type: "gatewise-predict", models: "store of models", model: GROUP, wires: [["predictions"]] },
        ...["rounds", "models", "caught", "predictions"].map((id) => ({ id, type: "helper" })),
        { id: "catch", type: "catch", scope: ["server"], wires: [["caught"]] },
      ],
      Object.fromEntries(
        ["server", ...names].map((user) => [`broker ${user}`, { username: user, password: passwordOf(user) }]),
      ),
    );
    const [rounds, given, caught] = [messagesAt("rounds"), messagesAt("models"), messagesAt("caught")];
    return {
      models: given,
      caught,
      predictions: messagesAt("predictions"),
      reports: () => rounds.map(({ round }) => round as RoundReport),
    };
  }

  const sendRows = (): void => {
    for (const name of names) nodeOf(name).receive({ payload: readingsOf(name) });
  };
  const predictorOf = (model: NodeMessage) =>
    loadPredictor(JSON.parse(JSON.stringify((model.payload as ModelToImport).files["model.json"])));
  const errorOf = (model: NodeMessage | undefined): number => {
    if (!model) return Number.POSITIVE_INFINITY;
    const predictor = predictorOf(model);
    return meanSquaredError([...gateways.values()].flat(), (row) => predictor.predict(row, 1)[0]);
  };

  it("train a model as good as one trained in one place, though one drops out and a stranger interferes", async () => {
    const { models, caught, reports } = await start();
    sendRows();
    await until("all five have trained", () =>
      reports().some(({ task, clients }) => task === "train" && clients.length === 5),
    );

    line.freeze();
    await until("a round ends without the one that is gone", () => reports().at(-1)?.clients.length === 4);
    line.cut();
    await until("it is back", () => reports().at(-1)?.clients.includes("centre") ?? false, 60_000);

    const mallory = await connectAsync(mosquitto.url, { username: "mallory", password: passwordOf("mallory") });
    mallory.on("message", (_topic, payload) => {
      const { session, round, parameters } = decodeAnnouncement(payload);
      const delta = parameters.map(() => 900);
      for (const name of ["mallory", "north"]) {
        const update = {
          session,
          round,
          client: name,
          base: fingerprintOf(parameters),
          rows: 1e9,
          units: ["", "", ""],
          delta,
        };
        mallory.publish(`federated/${GROUP}/updates/${name}`, encodeUpdate(update), { qos: 1 });
      }
    });
    await mallory.subscribeAsync(`federated/${GROUP}/round`, { qos: 1 });
    await until("the stranger was refused", () => caught.length > 0);
    // At once: it answers every round, and would wait for all of it to be confirmed.
    await mallory.endAsync(true);
    expect((caught[0]?.error as { message: string } | undefined)?.message).toContain(
      "mallory is not among the known clients",
    );
    expect(reports().every(({ clients }) => !clients.includes("mallory"))).toBe(true);

    const best = leastSquares([...gateways.values()].flat()).error;
    await until(
      "the shared model is as good as the best there can be",
      () => errorOf(models.at(-1)) < best * 1.05,
      120_000,
    );
    expect(errorOf(models.at(-1))).toBeGreaterThanOrEqual(best * 0.9999);
    const { rows, lossBefore } = reports().at(-1) ?? {};
    expect(lossBefore).toBeLessThan(1);
    expect(rows).toBeGreaterThan(0);
  });

  it("go on where they were when all were restarted, with the rows they had", async () => {
    const best = leastSquares([...gateways.values()].flat()).error;
    const before = await start();
    sendRows();
    await until("the model is good", () => errorOf(before.models.at(-1)) < best * 1.2, 120_000);
    const last = before.reports().at(-1)?.round ?? 0;
    expect(last).toBeGreaterThan(2);
    await stopFlow();
    const { models, reports } = await start();
    await until("a round ends", () => reports().length > 0 && models.length > 0);
    expect(reports()[0]).toMatchObject({ task: "train", clients: expect.arrayContaining(["north"]) });
    expect(reports()[0]?.round).toBeGreaterThan(last);
    expect(errorOf(models[0])).toBeLessThan(best * 1.5);
    const round = reports()[0]?.round ?? 0;
    await mosquitto.stop();
    await until("the loss is shown", () => /nothing listens|closed/.test(statusOf("server")));
    await mosquitto.start();
    await until(
      "rounds go on with a broker that has forgotten the announcement",
      () => (reports().at(-1)?.round ?? 0) > round + 2,
      60_000,
    );
  });

  it("end when the model is ready, which late comers then get", async () => {
    const { models, reports, predictions } = await start({
      rounds: 2,
      everyRound: false,
      wires: [["rounds"], ["models", "predict"]],
    });
    await until("all have heard the server", () =>
      names.every((name) => /: waits for rows, 0 of 20$/.test(statusOf(name))),
    );
    line.freeze();
    sendRows();
    await until("the server is done", () => statusOf("server").startsWith("ready after"), 60_000);
    expect(reports().every(({ clients }) => !clients.includes("centre"))).toBe(true);
    expect(
      reports()
        .filter(({ task }) => task === "train")
        .map(({ finished }) => finished),
    ).toEqual([undefined, "rounds"]);
    line.cut();
    await until("every client has the model", () => names.every((name) => statusOf(name).startsWith("model of round")));
    nodeOf("server").receive({ command: "model" });
    await until("the model is in the store", () => predictions.some(({ answers }) => answers === "import"));
    expect(predictions[0]?.payload).toMatchObject({ name: GROUP });
    const readings = () => predictions.flatMap(({ payload }) => (Array.isArray(payload) ? (payload as Reading[]) : []));
    nodeOf("predict").receive({ payload: readingsOf("south").slice(0, 3) });
    await until("predict gives what the model says", () => readings().length > 0);
    const expected = predictorOf(models.at(-1) as NodeMessage);
    const [load = 0, speed = 0] = gateways.get("south")?.[0] ?? [];
    const [prediction] = readings();
    expect(prediction).toMatchObject({ deviceId: "boiler of south", sensor: "temperature.predicted" });
    expect(prediction?.value).toBeCloseTo(expected.predict(Float64Array.of(load, speed), 1)[0] ?? Number.NaN, 9);
  });
});
