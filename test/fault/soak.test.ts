import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../../nodes/intelligence/anomaly/schema";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";

/**
 * A local node file. `/soak/hour/5` sends the readings of the sixth hour, one a second from each series, in batches of a
 * minute, as fast as the flow takes them; `/soak/heap` says what the process holds after a collection.
 */
const SOURCE = `module.exports = (RED) => {
  const noise = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  RED.nodes.registerType("soak-source", function (config) { RED.nodes.createNode(this, config); });
  const valueAt = (time) => {
    const usual = 20 + 5 * Math.sin((2 * Math.PI * time) / 86400000) + 0.3 * noise();
    const minute = Math.floor(time / 60000) % 240;
    // Every four hours: a spike, five minutes at another level, and five minutes without a change.
    if (minute === 60) return usual + 20;
    if (minute >= 100 && minute < 105) return usual + 6;
    return minute >= 200 && minute < 205 ? 20 : usual;
  };
  RED.httpAdmin.get("/soak/hour/:hour", async (request, response) => {
    const source = RED.nodes.getNode("source");
    for (let minute = 60 * Number(request.params.hour), end = minute + 60; minute < end; minute += 1) {
      const payload = [];
      for (let second = 60 * minute; second < 60 * (minute + 1); second += 1) {
        const timestamp = 1700000000000 + 1000 * second;
        for (const sensor of ["inlet", "outlet"]) {
          payload.push({ deviceId: "boiler-1", sensor, value: valueAt(timestamp), unit: "Cel", timestamp, quality: "good" });
        }
      }
      source.send({ payload });
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.json({});
  });
  RED.httpAdmin.get("/soak/heap", (request, response) => {
    global.gc();
    global.gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    response.json({ bytes: heapUsed + arrayBuffers });
  });
};`;

const METHODS = Object.keys(schema.config.method.options ?? {});
/** Only there to end a broken test: nothing here depends on how fast the machine is. */
const LIMIT_MS = 900_000;
const HOURS = 24;
const READINGS_PER_HOUR = 2 * 3600;
/** By then every window is full, every detector has met every kind of event, and the compiler has compiled what is hot. */
const WARM_UP_HOURS = 12;
/**
 * For all detectors and series together. A single number kept of each reading of a single detector would be 8 bytes
 * times 7200 readings times 6 hours: 345 kB.
 */
const MAX_GROWTH_BYTES = 300 * 1024;

const idOf = (method: string): string => `detect-${method}`;

function flow(): FlowNode[] {
  const store = { id: "store", type: "gatewise-store", file: ":memory:" };
  const tab = { id: "tab", type: "tab", label: "Soak" };
  const detectors = METHODS.map((method, index) => ({
    id: idOf(method),
    type: schema.type,
    z: "tab",
    version: schema.version,
    method,
    store: method === "history" ? "store" : "",
    x: 300,
    y: 40 + 40 * index,
    wires: [[], []],
  }));
  const source = { id: "source", type: "soak-source", z: "tab", x: 100, y: 40, wires: [detectors.map(({ id }) => id)] };
  return [tab, store, source, ...detectors];
}

describe("24 hours of readings through every detector, as fast as they go", () => {
  let gateway: Gateway;

  beforeAll(async () => {
    const html = `<script type="text/javascript">RED.nodes.registerType("soak-source",{category:"x",defaults:{},inputs:0,outputs:1});</script>`;
    gateway = await startGateway({
      flows: flow(),
      nodeArgs: ["--expose-gc"],
      files: { "nodes/soak-source.js": SOURCE, "nodes/soak-source.html": html },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
  });

  const counts = async (): Promise<{ in: number; errors: number; anomalies: number }[]> => {
    const { nodes } = await gateway.get<{
      nodes: { id: string; metrics: { in: number; errors: number; refused: number; counts: Record<string, number> } }[];
    }>("/gatewise/metrics");
    return METHODS.map((method) => {
      const metrics = nodes.find(({ id }) => id === idOf(method))?.metrics;
      return {
        in: metrics?.in ?? 0,
        errors: (metrics?.errors ?? 0) + (metrics?.refused ?? 0),
        anomalies: metrics?.counts.anomalies ?? 0,
      };
    });
  };

  it(
    "holds no more at the end than when everything was learned, and has found something by each",
    async () => {
      const heap: number[] = [];
      const began = performance.now();
      for (let hour = 0; hour < HOURS; hour += 1) {
        await gateway.get(`/soak/hour/${hour}`);
        const isJudged = async () => (await counts()).every((count) => count.in === READINGS_PER_HOUR * (hour + 1));
        await until(`hour ${hour} is judged`, isJudged, LIMIT_MS);
        heap.push((await gateway.get<{ bytes: number }>("/soak/heap")).bytes);
      }
      const speed = (HOURS * 3_600_000) / (performance.now() - began);
      const half = (HOURS - WARM_UP_HOURS) / 2;
      const growth = median(heap.slice(-half)) - median(heap.slice(WARM_UP_HOURS, -half));
      console.log(
        `${speed.toFixed(0)} times as fast as the clock; heap grew by ${(growth / 1024).toFixed(0)} kB in ${half} hours`,
      );
      const result = await counts();
      expect(result.map(({ errors }) => errors)).toEqual(METHODS.map(() => 0));
      expect(METHODS.filter((_, i) => result[i]?.anomalies === 0)).toEqual([]);
      expect(growth, heap.map((bytes) => Math.round(bytes / 1024)).join(" ")).toBeLessThan(MAX_GROWTH_BYTES);
    },
    LIMIT_MS,
  );
});

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
