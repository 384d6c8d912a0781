import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deliver } from "../../lib/outbox";
import type { Reading } from "../../lib/reading";
import {
  type InfluxConnection,
  type InfluxTarget,
  type InfluxVersion,
  LineEncoder,
  openInflux,
} from "../../lib/timeseries";
import { InfluxDouble } from "../support/influx-http";

const reading: Reading = {
  deviceId: "pump-1",
  sensor: "temperature",
  value: 21.5,
  unit: "Cel",
  timestamp: 1_700_000_000_000,
  quality: "good",
};

let double: InfluxDouble;
let target: InfluxTarget;

function connect(version: InfluxVersion, change: Partial<InfluxConnection> = {}): InfluxTarget {
  target?.close();
  target = openInflux(version, {
    url: double.url,
    database: "plant",
    organization: "acme",
    token: "t0ken",
    measurement: "sensor_data",
    timeoutMs: 5000,
    verifyCertificate: true,
    ...change,
  });
  return target;
}

function encode(...readings: Reading[]): { lines: string; count: number } {
  return new LineEncoder().encode(readings);
}

beforeEach(async () => {
  double = await InfluxDouble.start();
});

afterEach(async () => {
  target.close();
  await double.stop();
});

describe.each(["influx2", "influx3"] as const)("%s by its documented HTTP API", (version) => {
  it("writes lines once, however often they are sent", async () => {
    connect(version);
    const { lines, count } = encode(reading, { ...reading, value: 22 }, { ...reading, sensor: "pressure" });
    await target.write(lines, count);
    await target.write(lines, count);
    expect([...double.points.values()].join("\n")).toBe(lines.trimEnd());
  });

  it("sets apart the points of another type and writes the others", async () => {
    connect(version);
    await target.write(encode(reading).lines, 1);
    const lines = ['ok value=1,quality="good" 1', 'odd value="text" 2', "ok value=3 3", "odd value=true 4"];
    const rejected = await deliver(`${lines.join("\n")}\n`, 4, target.write);
    expect(rejected.map(({ line }) => line).sort()).toEqual([lines[1], lines[3]].sort());
    expect(rejected[0]?.reason).toContain("field type conflict");
    expect(double.points.size).toBe(3);
  });

  it("compresses when asked to", async () => {
    connect(version, { gzip: true });
    const { lines, count } = encode(reading);
    await target.write(lines, count);
    expect(double.requests[0]?.headers["content-encoding"]).toBe("gzip");
    expect(double.requests[0]?.body).toBe(lines);
  });

  it("is denied with a wrong token and waits when the server is overloaded", async () => {
    await expect(connect(version, { token: "stale" }).write("a b=1 1\n", 1)).rejects.toMatchObject({
      failure: "denied",
    });
    double.planned = [{ status: 503, headers: { "Retry-After": "7" }, body: { message: "busy" } }];
    await expect(connect(version).write("a b=1 1\n", 1)).rejects.toMatchObject({
      failure: "unreachable",
      details: { retryAfterMs: 7000 },
    });
  });

  it("keeps a path that the server is behind", async () => {
    connect(version, { url: `${double.url}/influx/` });
    await expect(target.write("a b=1 1\n", 1)).rejects.toMatchObject({ failure: "denied" });
    expect(double.requests[0]?.path).toMatch(/^\/influx\/api\/v[23]\/write/);
  });
});

describe("InfluxDB 2.x", () => {
  it("addresses organization, bucket and precision", async () => {
    await connect("influx2").write("a b=1 1\n", 1);
    expect(double.requests[0]).toMatchObject({
      method: "POST",
      path: "/api/v2/write",
      query: { org: "acme", bucket: "plant", precision: "ns" },
    });
    await expect(connect("influx2", { database: "other" }).write("a b=1 1\n", 1)).rejects.toThrow(
      'bucket "other" not found',
    );
  });

  it("asks in Flux with every text quoted and reads the CSV", async () => {
    connect("influx2");
    // The shape of https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/, two tables, no annotations.
    double.queryAnswer = {
      type: "text/csv",
      body: [
        ",result,table,_time,device_id,quality,sensor_type,unit,value,seq",
        ',_result,0,2023-11-14T22:13:21Z,"pump ""1""",good,temperature,Cel,22.5,',
        ',_result,0,2023-11-14T22:13:20.000000001Z,"pump ""1""",uncertain,temperature,Cel,21.5,4',
        "",
        ",result,table,_time,device_id,quality,sensor_type,unit,value_bool",
        ',_result,1,2023-11-14T22:13:22Z,"pump ""1""",good,open,1,true',
        "",
        "",
      ].join("\r\n"),
    };
    const readings = await target.query({
      deviceId: 'pump "1"',
      from: 0,
      to: 1_800_000_000_000,
      limit: 5,
      order: "newest",
    });
    expect(readings.map(({ timestamp, value, quality, seq }) => [timestamp, value, quality, seq])).toEqual([
      [1_700_000_000_000, 21.5, "uncertain", 4],
      [1_700_000_001_000, 22.5, "good", undefined],
      [1_700_000_002_000, true, "good", undefined],
    ]);
    const asked = (JSON.parse(double.requests[0]?.body ?? "{}") as { query: string }).query;
    expect(asked).toContain('r.device_id == "pump \\"1\\""');
    expect(asked).toContain("range(start: 1970-01-01T00:00:00.000Z, stop: 2027-01-15T08:00:00.000Z)");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is what Flux would evaluate in a string
    await target.query({ deviceId: '${system.exit}"\\\n' });
    expect(double.requests[1]?.body).toContain(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the same, escaped for Flux
      JSON.stringify('r.device_id == "\\${system.exit}\\"\\\\\\n"').slice(1, -1),
    );
  });

  it("says what was wrong with a query, before or while it ran", async () => {
    connect("influx2");
    double.planned = [{ status: 400, body: { code: "invalid", message: "compilation failed" } }];
    await expect(target.query({ deviceId: "a" })).rejects.toThrow("compilation failed");
    double.queryAnswer = { type: "text/csv", body: "error,reference\r\nexceeded memory limit,897\r\n" };
    await expect(target.query({ deviceId: "a" })).rejects.toThrow("exceeded memory limit");
  });
});

describe("InfluxDB 3", () => {
  it("waits for the server's log and accepts partial writes", async () => {
    await connect("influx3").write("a b=1 1\n", 1);
    expect(double.requests[0]).toMatchObject({
      path: "/api/v3/write_lp",
      query: { db: "plant", precision: "nanosecond", accept_partial: "true", no_sync: "false" },
    });
  });

  it("asks in SQL with ids as parameters and reads the rows", async () => {
    connect("influx3");
    // The shape of https://docs.influxdata.com/influxdb3/core/query-data/execute-queries/influxdb-v3-api/
    const rows = [
      {
        device_id: "p'1",
        quality: "good",
        sensor_type: "t",
        time: "2023-11-14T22:13:20.5",
        unit: "Cel",
        value: 1.5,
        value_text: null,
        meta_site: "north",
      },
      {
        device_id: "p'1",
        quality: "good",
        sensor_type: "t",
        time: "2023-11-14T22:13:19",
        unit: "Cel",
        value: null,
        value_text: "",
        seq: 3,
      },
    ];
    double.queryAnswer = { type: "application/json", body: JSON.stringify(rows) };
    const readings = await target.query({ deviceId: "p'1", sensor: "t", limit: 5, order: "newest" });
    expect(readings.map(({ timestamp, value, metadata }) => [timestamp, value, metadata?.site])).toEqual([
      [1_699_999_999_000, "", undefined],
      [1_700_000_000_500, 1.5, "north"],
    ]);
    expect(JSON.parse(double.requests[0]?.body ?? "{}")).toEqual({
      db: "plant",
      format: "json",
      q: `SELECT * FROM "sensor_data" WHERE device_id = $device AND sensor_type = $sensor AND time >= '1678-01-01T00:00:00.000Z' AND time < '2262-01-01T00:00:00.000Z' ORDER BY time DESC LIMIT 5`,
      params: { device: "p'1", sensor: "t" },
    });
  });

  it("says what was wrong with a query or its answer", async () => {
    connect("influx3");
    double.planned = [{ status: 500, body: { error: "table not found" } }];
    await expect(target.query({ deviceId: "a" })).rejects.toThrow("table not found");
    double.queryAnswer = { type: "application/json", body: '{"rows":[]}' };
    await expect(target.query({ deviceId: "a" })).rejects.toThrow("expected an array");
  });
});

describe("TLS", () => {
  it("refuses a certificate it cannot verify, takes the given authority's, and any when told to", async () => {
    const folder = mkdtempSync(join(tmpdir(), "influx-tls-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject],
      { stdio: "ignore" },
    );
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      request.resume();
      response.writeHead(204).end();
    }).listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      for (const version of ["influx1", "influx2", "influx3"] as const) {
        await expect(connect(version, { url }).write("a b=1 1\n", 1)).rejects.toThrow(/self-signed certificate/);
        await connect(version, { url, ca: readFileSync(cert, "utf8") }).write("a b=1 1\n", 1);
        await connect(version, { url, verifyCertificate: false }).write("a b=1 1\n", 1);
      }
    } finally {
      target.close();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a server's address", () => {
  it.each([
    ["influx.example:8086", "expected http or https"],
    ["not an address", "expected an address such as"],
    ["http://user:secret@host", "must not contain a user or password"],
  ])("%s is refused", (url, reason) => {
    for (const version of ["influx1", "influx2", "influx3"] as const) {
      expect(() => connect(version, { url })).toThrow(reason);
    }
  });
});
