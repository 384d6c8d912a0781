import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../kit/red";
import type { Reading } from "../../lib/reading";
import history from "../../nodes/storage/history/history";
import influxdb from "../../nodes/storage/influxdb/influxdb";
import store from "../../nodes/storage/store/store";
import timeseriesOut from "../../nodes/storage/timeseries-out/timeseries-out";
import { Influx } from "../support/influx";
import { missing } from "../support/needs";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../support/red";

const START = Date.now() - 600_000;
const readings: Reading[] = Array.from({ length: 500 }, (_, index) => ({
  deviceId: "pump-1",
  sensor: index % 2 === 0 ? "temperature" : "running",
  value: index % 2 === 0 ? 20 + index / 100 : index % 4 === 1,
  unit: index % 2 === 0 ? "Cel" : "1",
  timestamp: START + index * 1000,
  quality: index % 50 === 0 ? "uncertain" : "good",
  metadata: { site: "Hall 3, north" },
}));

describe.skipIf(missing("influxd"))("the nodes with a real InfluxDB 1.x that asks for a login", () => {
  let influx: Influx;
  let folder: string;

  beforeAll(async () => {
    influx = await Influx.start({ auth: true });
    await influx.createAdmin("gateway", "s3cret");
  });

  afterAll(() => influx?.dispose());

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "influx-nodes-"));
    await influx.query('DROP DATABASE "plant"', "", "gateway:s3cret");
    await influx.query('CREATE DATABASE "plant"', "", "gateway:s3cret");
  });

  afterEach(async () => {
    await stopFlow();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(password: string, database = "plant"): Promise<Record<"stats" | "out" | "caught", NodeMessage[]>> {
    await startFlow(
      [store, influxdb, timeseriesOut, history],
      [
        { id: "store", type: "gatewise-store", z: "", file: join(folder, "gatewise.db") },
        { id: "influx", type: "gatewise-influxdb", z: "", server: "influx1", url: influx.url, database },
        {
          id: "in",
          type: "gatewise-timeseries-out",
          target: "influxdb",
          influxdb: "influx",
          store: "store",
          batchTime: 0.05,
          wires: [["stats"]],
        },
        { id: "n", type: "gatewise-history", source: "influxdb", influxdb: "influx", wires: [["out"]] },
        { id: "stats", type: "helper" },
        { id: "out", type: "helper" },
        { id: "catch", type: "catch", scope: null, wires: [["caught"]] },
        { id: "caught", type: "helper" },
      ],
      { influx: { username: "gateway", password } },
    );
    return { stats: messagesAt("stats"), out: messagesAt("out"), caught: messagesAt("caught") };
  }

  const errorOf = (msg: NodeMessage | undefined): string =>
    (msg?.error as { message: string } | undefined)?.message ?? "";

  it("give back exactly what was stored", async () => {
    const seen = await run("s3cret");
    for (let start = 0; start < readings.length; start += 50) {
      nodeOf("in").receive({ payload: readings.slice(start, start + 50) });
    }
    nodeOf("in").receive({ command: "flush" });
    await until(() => seen.stats.length === 1, "the flush");
    expect(seen.stats[0]?.payload).toMatchObject({ accepted: 500, written: 500, waiting: 0, dropped: 0 });
    nodeOf("n").receive({ payload: { deviceId: "pump-1", hours: 1 } });
    await until(() => seen.out.length === 1, "the history");
    expect(seen.out[0]?.payload).toEqual(
      readings.map((reading) => ({
        ...reading,
        metadata: expect.objectContaining(reading.metadata),
        historical: true,
      })),
    );
    expect(seen.caught).toEqual([]);
  });

  it("keep what a wrong password could not write, and write it when it is put right", async () => {
    const seen = await run("guess");
    nodeOf("in").receive({ payload: readings });
    await until(() => seen.caught.length > 0, "the refusal");
    expect(errorOf(seen.caught[0])).toMatch(/refuses the login \(401\): authorization failed/);
    await stopFlow();
    const right = await run("s3cret");
    nodeOf("in").receive({ command: "flush" });
    await until(() => right.stats.length === 1, "the flush");
    expect(await influx.query("SELECT count(quality) FROM sensor_data", "plant", "gateway:s3cret")).toEqual([[0, 500]]);
  });

  it("set aside what conflicts with another program's types and write the rest", async () => {
    await fetch(`${influx.url}/write?db=plant`, {
      method: "POST",
      headers: { Authorization: `Basic ${Buffer.from("gateway:s3cret").toString("base64")}` },
      body: `sensor_data,device_id=other value_bool="text" ${START}000000`,
    });
    const seen = await run("s3cret");
    nodeOf("in").receive({ payload: readings });
    await until(() => seen.caught.length > 0, "the rejection");
    expect(errorOf(seen.caught[0])).toMatch(
      /rejected 250 of 500 readings, which are dead letters now: .*field type conflict/,
    );
    nodeOf("in").receive({ command: "stats" });
    await until(() => seen.stats.length === 1, "the stats");
    expect(seen.stats[0]?.payload).toMatchObject({ accepted: 500, written: 250, waiting: 0, droppedRejected: 250 });
    expect(await influx.query("SELECT count(value) FROM sensor_data", "plant", "gateway:s3cret")).toEqual([[0, 250]]);
  });
});
