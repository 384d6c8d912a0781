import { afterEach, describe, expect, it } from "vitest";
import { type ConfigError, defineNode } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import { link, nodeSchema } from "../../../kit/schema";
import type { InfluxService } from "../../../lib/timeseries";
import { messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import influxdb from "./influxdb";

/** Tells what a node that links to the server gets. */
const user = defineNode(
  nodeSchema("influx-user", {
    family: "storage",
    summary: "Under test.",
    version: 1,
    inputs: 1,
    outputs: ["the service"],
    config: { influxdb: link("InfluxDB", "gatewise-influxdb") },
  }),
  (context) => {
    const service = context.use<InfluxService>("influxdb");
    return { input: (msg) => ({ ...msg, payload: service }) };
  },
);

afterEach(stopFlow);

async function serviceOf(
  server: Record<string, unknown>,
  credentials: Record<string, string> = {},
): Promise<NodeMessage> {
  await startFlow(
    [influxdb, user],
    [
      { id: "influx", type: "gatewise-influxdb", z: "", ...server },
      { id: "n", type: "gatewise-influx-user", influxdb: "influx", wires: [["out"]] },
      { id: "catch", type: "catch", scope: ["n"], wires: [["out"]] },
      { id: "out", type: "helper" },
    ],
    { influx: credentials },
  );
  const out = messagesAt("out");
  nodeOf("n").receive({ payload: "which" });
  await until(() => out.length > 0, "an answer");
  return out.at(-1) as NodeMessage;
}

describe("an InfluxDB server", () => {
  it("gives the connection with what belongs to its version", async () => {
    const { payload } = await serviceOf(
      {
        server: "influx1",
        url: "http://influx.example:8086",
        database: "plant",
        retentionPolicy: "week",
        timeout: 2.5,
      },
      { username: "gateway", password: "s3cret", ca: "PEM" },
    );
    expect(payload).toEqual({
      version: "influx1",
      title: "InfluxDB 1.x at influx.example:8086",
      connection: expect.objectContaining({
        url: "http://influx.example:8086/",
        database: "plant",
        retentionPolicy: "week",
        measurement: "sensor_data",
        username: "gateway",
        password: "s3cret",
        ca: "PEM",
        timeoutMs: 2500,
        verifyCertificate: true,
      }),
    });
  });

  it("takes the bucket of 2.x for its database", async () => {
    const { payload } = await serviceOf(
      { server: "influx2", url: "https://influx.example", organization: "acme", bucket: "plant", gzip: true },
      { token: "t0ken" },
    );
    expect((payload as InfluxService).connection).toMatchObject({
      database: "plant",
      organization: "acme",
      token: "t0ken",
      gzip: true,
    });
  });

  it.each([
    [{ server: "influx1", url: "http://h", database: "" }, /database: must not be empty/],
    [{ server: "influx2", url: "http://h", bucket: "b" }, /organization: must not be empty/],
    [{ server: "influx3", url: "influx.example", database: "d" }, /url: expected an address that begins with http/],
    [{ server: "influx3", url: "http://u:p@h", database: "d" }, /must not contain a user or password/],
    [{ server: "influx3", url: "http://h", database: "d", measurement: "_internal" }, /measurement: expected a name/],
  ])("%j tells its users what is wrong with it", async (server, reason) => {
    const { error } = await serviceOf(server);
    expect((error as ConfigError).message).toMatch(reason);
  });
});
