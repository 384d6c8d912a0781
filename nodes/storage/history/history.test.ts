import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { InfluxDouble } from "../../../test/support/influx-http";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import influxdb from "../influxdb/influxdb";
import store from "../store/store";
import timeseriesOut from "../timeseries-out/timeseries-out";
import history from "./history";

const START = Date.UTC(2026, 0, 1);
const reading: Reading = { deviceId: "pump-1", sensor: "t", value: 0, unit: "Cel", timestamp: START, quality: "good" };

let double: InfluxDouble;

beforeEach(async () => {
  double = await InfluxDouble.start();
});

afterEach(async () => {
  await stopFlow();
  await double.stop();
});

async function run(config: Record<string, unknown> = {}): Promise<{ out: NodeMessage[]; caught: NodeMessage[] }> {
  await startFlow(
    [store, influxdb, timeseriesOut, history],
    [
      { id: "store", type: "gatewise-store", z: "", file: ":memory:" },
      { id: "influx", type: "gatewise-influxdb", z: "", server: "influx3", url: double.url, database: "plant" },
      { id: "in", type: "gatewise-timeseries-out", target: "store", store: "store", wires: [[]] },
      { id: "complete", type: "complete", scope: ["in"], wires: [["stored"]] },
      { id: "stored", type: "helper" },
      {
        id: "n",
        type: "gatewise-history",
        source: "store",
        store: "store",
        influxdb: "influx",
        wires: [["out"]],
        ...config,
      },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
    { influx: { token: "t0ken" } },
  );
  const stored = messagesAt("stored");
  const minutes = Array.from({ length: 120 }, (_, minute) => ({
    ...reading,
    timestamp: START + minute * 60_000,
    value: minute,
  }));
  nodeOf("in").receive({ payload: [...minutes, { ...reading, sensor: "h", value: 50, unit: "%" }] });
  await until(() => stored.length === 1, "the readings are stored");
  return { out: messagesAt("out"), caught: messagesAt("caught") };
}

async function ask(out: NodeMessage[], payload: unknown, more: Record<string, unknown> = {}): Promise<NodeMessage> {
  const before = out.length;
  nodeOf("n").receive({ payload, ...more });
  await until(() => out.length > before, "the answer");
  return out.at(-1) as NodeMessage;
}

const valuesIn = (msg: NodeMessage): unknown[] => (msg.payload as Reading[]).map(({ value }) => value);
const errorOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

describe("history from the embedded store", () => {
  it("gives the readings of a span as one batch, marked historical, and keeps the message", async () => {
    const { out } = await run();
    const answer = await ask(
      out,
      { deviceId: "pump-1", sensor: "t", from: START + 60_000, to: START + 240_000 },
      { topic: "chart 1" },
    );
    expect(answer.topic).toBe("chart 1");
    expect(answer.payload).toEqual(
      [1, 2, 3].map((value) => ({ ...reading, timestamp: START + value * 60_000, value, historical: true })),
    );
    expect(answer.history).toMatchObject({ deviceId: "pump-1", sensor: "t", count: 3, truncated: false });
  });

  it("answers with an empty batch when there is nothing", async () => {
    const { out } = await run();
    expect((await ask(out, { deviceId: "nobody" })).payload).toEqual([]);
  });

  it("keeps the newest when there are more than the limit, and says so", async () => {
    const { out } = await run({ deviceId: "pump-1", sensor: "t", limit: 2 });
    const answer = await ask(out, { from: START, to: START + 600_000 });
    expect(valuesIn(answer)).toEqual([8, 9]);
    expect(answer.history).toMatchObject({ truncated: true, limit: 2 });
  });

  it("sums up by the clock", async () => {
    const { out } = await run({ deviceId: "pump-1", sensor: "t", aggregate: "mean", every: 60 });
    const answer = await ask(out, { from: START, to: START + 7_200_000 });
    expect((answer.payload as Reading[]).map(({ timestamp, value }) => [timestamp, value])).toEqual([
      [START, 29.5],
      [START + 3_600_000, 89.5],
    ]);
  });

  it("says what is wrong with a request", async () => {
    const { caught } = await run();
    nodeOf("n").receive({ payload: { deviceId: "pump-1", hours: "many" } });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toMatch(/msg.payload.hours: expected a number above 0, got "many"/);
  });
});

describe("history from InfluxDB", () => {
  it("gives the rows of a query as readings", async () => {
    const { out } = await run({ source: "influxdb", hours: 1 });
    double.queryAnswer = {
      type: "application/json",
      body: JSON.stringify([
        { time: "2026-01-01T00:00:00", device_id: "pump-1", sensor_type: "t", unit: "Cel", value: 3, quality: "good" },
      ]),
    };
    expect((await ask(out, { deviceId: "pump-1" })).payload).toEqual([{ ...reading, value: 3, historical: true }]);
  });

  it("gives a catchable error with what the server said", async () => {
    const { caught } = await run({ source: "influxdb" });
    double.planned = [{ status: 500, body: { error: "table 'sensor_data' not found" } }];
    nodeOf("n").receive({ payload: { deviceId: "pump-1" } });
    await until(() => caught.length === 1, "the error");
    expect(errorOf(caught[0])).toMatch(/table 'sensor_data' not found/);
  });
});
