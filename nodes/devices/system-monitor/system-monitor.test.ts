import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { NodeMessage } from "../../../kit/red";
import type { Reading } from "../../../lib/reading";
import { freePort } from "../../../test/support/mosquitto";
import { helper, messagesAt, nodeOf, startFlow, stopFlow, until } from "../../../test/support/red";
import { reading } from "../../../test/support/series";
import windowNode from "../../process/window/window";
import monitor from "./system-monitor";

afterEach(stopFlow);

interface Flow {
  readonly out: NodeMessage[];
  readonly crossed: NodeMessage[];
  readonly caught: NodeMessage[];
}

async function run(config: Record<string, unknown>, token = ""): Promise<Flow> {
  await startFlow(
    [monitor, windowNode],
    [
      {
        id: "n",
        type: "gatewise-system-monitor",
        version: 1,
        interval: 3600,
        wires: [["out"], ["crossed"]],
        ...config,
      },
      {
        id: "w",
        type: "gatewise-window",
        version: 1,
        name: "mean",
        by: "count",
        count: 1,
        statistics: ["mean"],
        wires: [[]],
      },
      { id: "out", type: "helper" },
      { id: "crossed", type: "helper" },
      { id: "catch", type: "catch", scope: ["n"], wires: [["caught"]] },
      { id: "caught", type: "helper" },
    ],
    { n: { token } },
  );
  return { out: messagesAt("out"), crossed: messagesAt("crossed"), caught: messagesAt("caught") };
}

const readingsIn = (msg: NodeMessage | undefined): Map<string, Reading> =>
  new Map(((msg?.payload ?? []) as Reading[]).map((item) => [item.sensor, item]));
const reasonOf = (msg: NodeMessage | undefined): string =>
  (msg?.error as { message: string } | undefined)?.message ?? "";

/** Samples of Prometheus' text format by name and labels; throws at a line that is none. */
function parsed(text: string): Map<string, number> {
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const [, name, labels = "", value] =
        /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? ([-+]?[\d.eE+-]+|NaN|[-+]Inf)$/i.exec(line) ??
        [];
      if (!name) throw new Error(`no sample: ${line}`);
      return [`${name}${labels}`, Number(value)] as const;
    }),
  );
}

/** A scrape, as soon as somebody listens. */
async function scrape(port: number, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    try {
      return await fetch(`http://127.0.0.1:${port}/metrics`, init);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** The window takes a message, so that there is something to count. */
async function work(): Promise<void> {
  nodeOf("w").receive({ payload: [reading(1), reading(2)] });
  await until(() => metricsOfNodes.of("w")?.messages === 1, "the window");
}

describe("system monitor", () => {
  it("tells figures when it is asked, with units and at one time", async () => {
    const { out } = await run({ deviceId: "gateway-1", slowest: 3 });
    await work();
    nodeOf("n").receive({ payload: "", topic: "kept" });
    await until(() => out.length === 1, "the figures");
    const figures = readingsIn(out[0]);
    expect(figures.get("memory")).toMatchObject({ deviceId: "gateway-1", unit: "%", quality: "good" });
    expect(figures.get("disk")?.value).toBeGreaterThan(0);
    expect(figures.get("process.memory")?.value).toBeGreaterThan(1e7);
    expect(figures.get("eventloop.lag")?.unit).toBe("ms");
    expect(figures.get("latency.w")).toMatchObject({ unit: "ms", metadata: { node: "mean", type: "gatewise-window" } });
    expect(new Set([...figures.values()].map(({ timestamp }) => timestamp)).size).toBe(1);
    expect(out[0]?.topic).toBe("kept");
  });

  it("tells them by itself at its interval, of the groups it was told", async () => {
    const { out } = await run({ interval: 0.05, figures: ["memory", "uptime"], slowest: 0, thresholds: [] });
    await until(() => out.length >= 2, "two samples");
    expect([...readingsIn(out[1]).keys()].filter((sensor) => sensor !== "swap")).toEqual([
      "memory",
      "memory.available",
      "uptime",
    ]);
  });

  it("tells thresholds every time, and by the second output when they change", async () => {
    const thresholds = [
      { figure: "memory", direction: "above", limit: 0, hysteresis: 0 },
      { figure: "process.memory", direction: "below", limit: 1, hysteresis: 0 },
      { figure: "nothing", direction: "above", limit: 1, hysteresis: 0 },
    ];
    const { out, crossed } = await run({ thresholds, figures: ["memory", "process"] });
    nodeOf("n").receive({ payload: "" });
    nodeOf("n").receive({ payload: "" });
    await until(() => out.length === 2, "both");
    for (const msg of out) {
      expect(readingsIn(msg).get("memory.exceeded")).toMatchObject({ value: true, metadata: { limit: "above 0" } });
      expect(readingsIn(msg).get("process.memory.exceeded")?.value).toBe(false);
      expect(readingsIn(msg).has("nothing.exceeded")).toBe(false);
    }
    expect(crossed.map((msg) => [...readingsIn(msg).keys()])).toEqual([["memory.exceeded"]]);
  });

  it("reports a disk that is gone once, and tells the rest", async () => {
    const { out, caught } = await run({ disks: [{ path: "/no/such/place", name: "" }] });
    nodeOf("n").receive({ payload: "" });
    nodeOf("n").receive({ payload: "" });
    await until(() => out.length === 2 && caught.length > 0, "the figures and the report");
    expect(reasonOf(caught[0])).toContain("disk /no/such/place: ENOENT");
    expect(caught.length).toBe(1);
    expect(readingsIn(out[1]).has("memory")).toBe(true);
  });

  it("is scraped on a port of its own by who has the token", async () => {
    const port = await freePort();
    await run({ prometheus: "port", port, ofNode: true }, "s3cret");
    await work();
    const get = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
    const bearer = { headers: { Authorization: "Bearer s3cret" } };
    const answer = await scrape(port, bearer);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const samples = parsed(await answer.text());
    const labels = '{id="w",type="gatewise-window",name="mean"}';
    expect(samples.get(`gatewise_node_messages_total${labels}`)).toBe(1);
    expect(samples.get(`gatewise_node_readings_in_total${labels}`)).toBe(2);
    expect(samples.get(`gatewise_node_latency_seconds_count${labels}`)).toBe(1);
    expect(
      samples.get(`gatewise_node_latency_seconds_bucket{id="w",type="gatewise-window",name="mean",le="+Inf"}`),
    ).toBe(1);
    expect(samples.get("gatewise_host_memory_used_ratio")).toBeLessThanOrEqual(1);
    expect(samples.get("gatewise_nodes")).toBe(2);
    expect(samples.get("nodejs_eventloop_lag_seconds")).toBeDefined();
    expect((await get("/metrics")).status).toBe(401);
    expect((await get("/metrics", { headers: { Authorization: "Bearer wrong" } })).status).toBe(401);
    expect((await get("/", bearer)).status).toBe(404);
    expect((await get("/metrics", { ...bearer, method: "POST", body: "x" })).status).toBe(405);
  });

  it("gives the port back when it closes, and is red when it cannot have it", async () => {
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      await run({ prometheus: "port", port });
      expect((await scrape(port)).status).toBe(200);
      await stopFlow();
    }
    const other = createServer().listen(port, "127.0.0.1");
    try {
      await until(() => (other.address() as AddressInfo | null) !== null, "the other server");
      const { caught } = await run({ prometheus: "port", port });
      nodeOf("n").receive({ payload: "" });
      await until(() => caught.length > 0, "the refusal");
      expect(reasonOf(caught.at(-1))).toContain("EADDRINUSE");
    } finally {
      other.close();
    }
  });

  it("is scraped with the editor, under its login", async () => {
    await run({ prometheus: "editor", ofNode: false });
    await work();
    const answer = await helper.request().get("/gatewise/system-monitor/n/metrics");
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain;.*version=0\.0\.4/);
    const samples = parsed(answer.text);
    expect(samples.get('gatewise_node_errors_total{id="w",type="gatewise-window",name="mean"}')).toBe(0);
    expect([...samples.keys()].some((name) => name.startsWith("nodejs_"))).toBe(false);
    expect((await helper.request().get("/gatewise/system-monitor/none/metrics")).status).toBe(404);
  });

  it("says that it is not served when it is asked for it", async () => {
    await run({ prometheus: "off" });
    const answer = await helper.request().get("/gatewise/system-monitor/n/metrics");
    expect(answer.status).toBe(500);
    expect(answer.text).toContain("not served by this node");
  });

  it("wants each threshold once", async () => {
    const row = { figure: "cpu", direction: "above", limit: 1, hysteresis: 0 };
    const { caught } = await run({ thresholds: [row, row] });
    nodeOf("n").receive({ payload: "" });
    await until(() => caught.some((msg) => msg.payload !== undefined), "the refusal");
    expect(reasonOf(caught.at(-1))).toContain('thresholds[1].figure: expected another one than in row 1, got "cpu"');
  });
});
