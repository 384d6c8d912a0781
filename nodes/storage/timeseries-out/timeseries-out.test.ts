import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { openStore } from "../../../lib/store";
import { shownBy } from "../../../test/support/hooks";
import { InfluxDouble } from "../../../test/support/influx-http";
import { freePort } from "../../../test/support/mosquitto";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import influxdb from "../influxdb/influxdb";
import store from "../store/store";
import timeseriesOut from "./timeseries-out";

const reading: Reading = {
  deviceId: "pump-1",
  sensor: "temperature",
  value: 21.5,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
};

const numbered = (count: number, change: Partial<Reading> = {}): Reading[] =>
  Array.from({ length: count }, (_, index) => ({
    ...reading,
    timestamp: reading.timestamp + index,
    value: index,
    ...change,
  }));

let folder: string;
let double: InfluxDouble;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "timeseries-out-"));
  double = await InfluxDouble.start();
});

afterEach(async () => {
  await stopFlow();
  await double.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Seen {
  readonly out: NodeMessage[];
  readonly caught: NodeMessage[];
  readonly completed: NodeMessage[];
}

async function run(
  config: Record<string, unknown> = {},
  server: Record<string, unknown> = {},
  token = "t0ken",
): Promise<Seen> {
  await startFlow(
    [store, influxdb, timeseriesOut],
    [
      { id: "store", type: "gatewise-store", z: "", file: join(folder, "gatewise.db") },
      {
        id: "influx",
        type: "gatewise-influxdb",
        z: "",
        server: "influx2",
        url: double.url,
        organization: "acme",
        bucket: "plant",
        ...server,
      },
      {
        id: "n",
        type: "gatewise-timeseries-out",
        target: "influxdb",
        influxdb: "influx",
        store: "store",
        batchTime: 0,
        wires: [["out"]],
        ...config,
      },
      { id: "out", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
      { id: "complete", type: "complete", scope: ["n"], wires: [["completed"]] },
      { id: "completed", type: "helper" },
    ],
    { influx: { token } },
  );
  return { out: messagesAt("out"), caught: messagesAt("caught"), completed: messagesAt("completed") };
}

const errorOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

async function command(seen: Seen, name: string, more: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const before = seen.out.length;
  nodeOf("n").receive({ command: name, ...more });
  await until(() => seen.out.length > before, `the answer to ${name}`);
  return seen.out.at(-1)?.payload as Record<string, unknown>;
}

describe("timeseries out to InfluxDB", () => {
  it("writes readings in batches, confirms, and is done when they are on disk", async () => {
    const seen = await run({ confirm: true });
    nodeOf("n").receive({ payload: numbered(3) });
    nodeOf("n").receive({ payload: { ...reading, sensor: "pressure" } });
    await until(() => seen.completed.length === 2, "both messages are done");
    await until(() => double.points.size === 4, "the points");
    await until(
      () => seen.out.some(({ payload }) => (payload as { waiting: number }).waiting === 0),
      "the confirmation",
    );
    expect([...double.points.values()][1]).toBe(
      'sensor_data,device_id=pump-1,sensor_type=temperature,unit=Cel value=1,quality="good" 1700000000001000000',
    );
    expect(await command(seen, "stats")).toMatchObject({
      accepted: 4,
      written: 4,
      waiting: 0,
      dropped: 0,
      state: "ok",
    });
  });

  it("is done with the server away, keeps the readings over a redeploy and writes them when it is back", async () => {
    const port = await freePort();
    const away = { url: `http://127.0.0.1:${port}` };
    const seen = await run({}, away);
    nodeOf("n").receive({ payload: numbered(1000) });
    await until(() => seen.completed.length === 1, "the message is done");
    await until(() => seen.caught.length === 1, "the outage is reported");
    expect(errorOf(seen.caught[0])).toMatch(/InfluxDB 2.x at 127.0.0.1:\d+: .*ECONNREFUSED.*everything is kept/);
    expect(await command(seen, "stats")).toMatchObject({ accepted: 1000, waiting: 1000, state: "retrying" });
    await stopFlow();
    await run();
    await until(() => double.points.size === 1000, "the points");
  });

  it("keeps different readings of one millisecond apart, over a restart too", async () => {
    const seen = await run();
    nodeOf("n").receive({ payload: reading });
    await until(() => seen.completed.length === 1, "the message is done");
    await stopFlow();
    const again = await run();
    nodeOf("n").receive({ payload: [{ ...reading, value: 22 }, reading] });
    await until(() => again.completed.length === 1, "the message is done");
    await command(again, "flush");
    expect([...double.points.keys()].map((key) => key.slice(-19))).toEqual([
      "1700000000000000000",
      "1700000000000000001",
    ]);
  });

  it("sets rejected readings aside, lists them, sends them again and forgets them", async () => {
    const seen = await run({ metadata: "none" });
    // Somebody else has made `value` a text in this bucket.
    double.points.clear();
    await fetch(`${double.url}/api/v2/write?org=acme&bucket=plant&precision=ns`, {
      method: "POST",
      headers: { Authorization: "Token t0ken" },
      body: 'other value="text" 1',
    });
    nodeOf("n").receive({ payload: [reading, { ...reading, value: true, sensor: "open" }] });
    await until(() => seen.caught.length === 1, "the rejection is reported");
    expect(errorOf(seen.caught[0])).toMatch(
      /rejected 1 of 2 readings, which are dead letters now: .*field type conflict/,
    );
    const letters = (await command(seen, "dead-letters", { limit: 5 })) as unknown as {
      line: string;
      reason: string;
    }[];
    expect(letters).toMatchObject([
      { line: expect.stringContaining("value=21.5"), reason: expect.stringContaining("conflict") },
    ]);
    expect(await command(seen, "retry-dead-letters")).toEqual({ retried: 1 });
    await until(() => seen.caught.length === 2, "it is rejected again");
    expect(await command(seen, "clear-dead-letters")).toEqual({ cleared: 1 });
    expect(await command(seen, "stats")).toMatchObject({
      accepted: 2,
      written: 1,
      waiting: 0,
      dropped: 1,
      droppedRejected: 1,
    });
  });

  it("turns red when its token is refused, keeps everything and says so once", async () => {
    const seen = await run({}, {}, "stale");
    nodeOf("n").receive({ payload: numbered(10) });
    await until(() => seen.caught.length === 1, "the refusal is reported");
    expect(errorOf(seen.caught[0])).toMatch(
      /refuses the login \(401\): unauthorized access: everything is kept; trying once a minute/,
    );
    await until(() => shownBy("n").fill === "red", "the red status");
    nodeOf("n").receive({ command: "flush" });
    await until(() => seen.caught.length === 2, "the flush fails");
    expect(errorOf(seen.caught[1])).toMatch(/401/);
    expect(await command(seen, "stats")).toMatchObject({ waiting: 10, state: "denied" });
    expect(JSON.stringify(seen)).not.toContain("stale");
  });

  it("refuses the newest when it is full and was told so, catchable and counted", async () => {
    const seen = await run(
      { maxReadings: 5, whenFull: "refuse-newest" },
      { url: `http://127.0.0.1:${await freePort()}` },
    );
    nodeOf("n").receive({ payload: numbered(5) });
    nodeOf("n").receive({ payload: numbered(1), topic: "too much" });
    await until(() => seen.caught.some(({ topic }) => topic === "too much"), "the refusal");
    expect(errorOf(seen.caught.find(({ topic }) => topic === "too much"))).toMatch(/the outbox is full: 5 readings/);
    expect(await command(seen, "stats")).toMatchObject({ accepted: 5, waiting: 5, dropped: 0 });
  });

  it("drops the oldest when it is full otherwise, and tells how many", async () => {
    const seen = await run(
      { maxReadings: 5, whenFull: "drop-oldest" },
      { url: `http://127.0.0.1:${await freePort()}` },
    );
    for (const value of [1, 2, 3, 4, 5, 6, 7]) nodeOf("n").receive({ payload: { ...reading, value } });
    await until(() => seen.completed.length === 7, "all messages are done");
    await until(() => seen.caught.some((msg) => /had to drop 2 readings/.test(errorOf(msg))), "the report");
    expect(await command(seen, "stats")).toMatchObject({ accepted: 7, waiting: 5, droppedOldest: 2 });
  });

  it("refuses what InfluxDB cannot hold and stores the rest of the message", async () => {
    const seen = await run();
    nodeOf("n").receive({ payload: [reading, { ...reading, timestamp: 9e14 }] });
    await until(() => seen.caught.length === 1, "the refusal");
    expect(errorOf(seen.caught[0])).toMatch(/1 of 2 refused: timestamp: InfluxDB stores the years 1677 to 2262/);
    await until(() => double.points.size === 1, "the other reading");
  });

  it("splits a huge message into writes that a server takes", async () => {
    const seen = await run({ batchReadings: 2000 });
    nodeOf("n").receive({ payload: numbered(12_000) });
    await until(() => seen.completed.length === 1, "the message is done");
    await command(seen, "flush");
    expect(double.points.size).toBe(12_000);
    expect(double.requests.length).toBeGreaterThanOrEqual(3);
  });
});

describe("a configuration that cannot work", () => {
  it.each([
    [{ store: "" }, {}, /store: none is chosen/],
    [{ influxdb: "" }, {}, /influxdb: none is chosen/],
    [{ influxdb: "gone" }, {}, /InfluxDB: the chosen config node is missing/],
    [{}, { url: "http://a:b@127.0.0.1" }, /must not contain a user or password/],
    [{}, { bucket: "" }, /bucket: must not be empty/],
    [{ metadata: "listed", metadataKeys: "" }, {}, /metadataKeys: must not be empty/],
  ])("%j %j is said, and messages are refused with the reason", async (config, server, reason) => {
    const seen = await run(config, server);
    nodeOf("n").receive({ payload: reading });
    await until(() => seen.caught.length > 0, "the reason");
    expect(errorOf(seen.caught.at(-1))).toMatch(reason);
    expect(seen.completed).toEqual([]);
  });
});

describe("timeseries out to the embedded store", () => {
  it("is done when the readings are in the store's history", async () => {
    const seen = await run({ target: "store", influxdb: "" });
    nodeOf("n").receive({ payload: numbered(100) });
    nodeOf("n").receive({ payload: { ...reading, sensor: "open", value: true } });
    await until(() => seen.completed.length === 2, "both messages are done");
    const other = openStore(join(folder, "gatewise.db"));
    expect(other.history.query({ deviceId: "pump-1", sensor: "temperature" })).toHaveLength(100);
    expect(other.history.query({ deviceId: "pump-1", sensor: "open" })).toMatchObject([{ value: true }]);
    other.close();
    expect(await command(seen, "stats")).toMatchObject({ accepted: 101, written: 101, waiting: 0 });
  });
});
