import { createServer, type Server, type Socket } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliver } from "../../lib/outbox";
import type { Reading } from "../../lib/reading";
import { type InfluxConnection, type InfluxTarget, LineEncoder, openInflux } from "../../lib/timeseries";
import { Influx } from "../support/influx";
import { freePort } from "../support/mosquitto";
import { missing } from "../support/needs";

const base: InfluxConnection = {
  url: "",
  database: "plant",
  measurement: "sensor_data",
  timeoutMs: 10_000,
  verifyCertificate: true,
};

const reading: Reading = {
  deviceId: "pump-1",
  sensor: "temperature",
  value: 21.5,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
};

describe.skipIf(missing("influxd"))("InfluxDB 1.x, a real server", () => {
  let influx: Influx;
  let target: InfluxTarget;

  beforeAll(async () => {
    influx = await Influx.start({ maxBodySize: 200_000 });
    await influx.query('CREATE DATABASE "plant"');
    target = openInflux("influx1", { ...base, url: influx.url });
  });

  afterAll(async () => {
    target?.close();
    await influx?.dispose();
  });

  async function store(...readings: Reading[]): Promise<void> {
    const { lines, count, refused } = new LineEncoder().encode(readings);
    expect(refused).toEqual([]);
    await target.write(lines, count);
  }

  it("gives back what was written, of every type, with unit, quality, seq and metadata", async () => {
    const readings: Reading[] = [
      { ...reading, metadata: { site: "Hall 3", area: "a,b=c" }, seq: 9 },
      { ...reading, timestamp: reading.timestamp + 1, value: -1.5e-300 },
      { ...reading, timestamp: reading.timestamp + 2, value: true },
      { ...reading, timestamp: reading.timestamp + 3, value: 'text with "quotes" and \\', quality: "uncertain" },
      { ...reading, timestamp: reading.timestamp + 4, value: null, quality: "bad" },
    ];
    await store(...readings);
    const back = await target.query({ deviceId: "pump-1", sensor: "temperature" });
    expect(back).toEqual(
      readings.map((one) => ({
        ...one,
        ...(one.metadata ? { metadata: expect.objectContaining(one.metadata) } : {}),
        historical: true,
      })),
    );
  });

  it("gives back names with every character that is allowed in them", async () => {
    const name = fc
      .string({ minLength: 1, maxLength: 20, unit: "grapheme" })
      .filter((text) => !/[/+#\p{Cc}]|\\(?=[,= ]|$)/u.test(text) && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(name, name, fc.string({ maxLength: 30, unit: "grapheme" }), async (device, sensor, text) => {
        const value = text.replace(/\p{Cc}/gu, "");
        await store({ ...reading, deviceId: `x${device}`, sensor, value });
        const back = await target.query({ deviceId: `x${device}`, sensor });
        expect(back).toMatchObject([{ deviceId: `x${device}`, sensor, value }]);
      }),
      { numRuns: 60 },
    );
  });

  it("reads a span of time: newest first when limited, all sensors of a device when none is named", async () => {
    const at = (sensor: string, ms: number): Reading => ({
      ...reading,
      deviceId: "span",
      sensor,
      timestamp: ms,
      value: ms,
    });
    await store(at("a", 1000), at("a", 2000), at("b", 2500), at("a", 3000));
    const values = async (query: object): Promise<unknown[]> =>
      (await target.query({ deviceId: "span", ...query })).map(({ value }) => value);
    expect(await values({ sensor: "a", from: 1000, to: 3000 })).toEqual([1000, 2000]);
    expect(await values({})).toEqual([1000, 2000, 2500, 3000]);
    expect(await values({ limit: 2, order: "newest" })).toEqual([2500, 3000]);
    expect(await values({ limit: 2 })).toEqual([1000, 2000]);
    expect(await target.query({ deviceId: "span' OR '1'='1" })).toEqual([]);
  });

  it("stores different readings of one millisecond apart and a repeated write once", async () => {
    const encoder = new LineEncoder();
    const batch = [1, 2, 3].map((value) => ({ ...reading, deviceId: "same", value }));
    const { lines, count } = encoder.encode(batch);
    await target.write(lines, count);
    await target.write(lines, count);
    const back = await target.query({ deviceId: "same" });
    expect(back.map(({ value, timestamp }) => [value, timestamp])).toEqual(
      [1, 2, 3].map((value) => [value, reading.timestamp]),
    );
  });

  it("stores the good points of a batch with bad ones and says which were bad", async () => {
    await fetch(`${influx.url}/write?db=plant`, { method: "POST", body: "mixed value=1 1700000000000000000" });
    const lines = Array.from({ length: 100 }, (_, index) =>
      index % 33 === 5
        ? `mixed value="text" ${1_700_000_000_000 + index}000000`
        : `mixed value=${index} ${1_700_000_000_000 + index}000000`,
    );
    const rejected = await deliver(`${lines.join("\n")}\n`, lines.length, target.write);
    expect(rejected.map(({ line }) => line)).toEqual([lines[5], lines[38], lines[71]]);
    expect(rejected[0]?.reason).toMatch(/field type conflict/);
    expect(await influx.query("SELECT count(value) FROM mixed", "plant")).toEqual([[0, 97]]);
  });

  it("halves a write that is larger than the server takes", async () => {
    const batch = Array.from({ length: 5000 }, (_, index) => ({
      ...reading,
      deviceId: "large",
      timestamp: index,
      value: index,
    }));
    const { lines, count } = new LineEncoder().encode(batch);
    expect(lines.length).toBeGreaterThan(400_000);
    expect(await deliver(lines, count, target.write)).toEqual([]);
    expect(await influx.query("SELECT count(value) FROM sensor_data WHERE device_id = 'large'", "plant")).toEqual([
      [0, 5000],
    ]);
  });

  it("is denied when the database is missing, and says its name", async () => {
    const elsewhere = openInflux("influx1", { ...base, url: influx.url, database: "nowhere" });
    await expect(elsewhere.write("a b=1 1\n", 1)).rejects.toMatchObject({
      failure: "denied",
      message: expect.stringContaining('database not found: "nowhere"'),
    });
  });
});

describe.skipIf(missing("influxd"))("InfluxDB 1.x with a login", () => {
  let influx: Influx;

  beforeAll(async () => {
    influx = await Influx.start({ auth: true });
    await influx.createAdmin("gateway", "s3cret");
    await influx.query('CREATE DATABASE "plant"', "", "gateway:s3cret");
  });

  afterAll(() => influx?.dispose());

  it("takes the right password and denies a wrong or missing one", async () => {
    const login = (username?: string, password?: string): InfluxTarget =>
      openInflux("influx1", { ...base, url: influx.url, username, password });
    await login("gateway", "s3cret").write("a b=1 1\n", 1);
    await expect(login("gateway", "guess").write("a b=1 1\n", 1)).rejects.toMatchObject({
      failure: "denied",
      message: expect.stringContaining("401"),
    });
    await expect(login().write("a b=1 1\n", 1)).rejects.toMatchObject({ failure: "denied" });
    await expect(login("gateway", "guess").query({ deviceId: "a" })).rejects.toThrow(/401/);
  });
});

describe("a server that is not there", () => {
  it("is unreachable, at once", async () => {
    const target = openInflux("influx1", { ...base, url: `http://127.0.0.1:${await freePort()}` });
    await expect(target.write("a b=1 1\n", 1)).rejects.toMatchObject({
      failure: "unreachable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    // The client must not lock a host out after a failure: the outbox decides when to try again.
    await expect(target.write("a b=1 1\n", 1)).rejects.toThrow("ECONNREFUSED");
  });

  describe("or does not behave", () => {
    let server: Server;
    let url: string;
    let behave: (socket: Socket) => void;

    beforeAll(async () => {
      server = createServer((socket) => {
        socket.on("error", () => undefined);
        behave(socket);
      });
      const port = await freePort();
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${port}`;
    });

    afterAll(() => void server?.close());

    it.each([
      ["never answers", (): void => undefined],
      ["hangs up", (socket: Socket): void => void socket.destroy()],
      [
        "stops in the middle of an answer",
        (socket: Socket): void => void socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 99\r\n\r\n{"),
      ],
      ["speaks another protocol", (socket: Socket): void => void socket.end("220 smtp.example ESMTP\r\n")],
    ])("%s: every version ends with an error", async (_, behaviour) => {
      behave = behaviour;
      for (const version of ["influx1", "influx2", "influx3"] as const) {
        const target = openInflux(version, { ...base, url, timeoutMs: 300 });
        await expect(target.write("a b=1 1\n", 1)).rejects.toMatchObject({ failure: "unreachable" });
        await expect(target.query({ deviceId: "a" })).rejects.toThrow();
        target.close();
      }
    });
  });
});
