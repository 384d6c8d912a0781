import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { builtNodes, defaultsOf, root } from "../support/pack";

const example = (path: string): FlowNode[] => JSON.parse(readFileSync(join(root, "examples", `${path}.json`), "utf8"));
/** The same flow with its debug nodes writing to the log, where a test can read them. */
const toLog = (nodes: readonly FlowNode[]): FlowNode[] =>
  nodes.map((node) => (node.type === "debug" ? { ...node, active: true, console: true, tosidebar: false } : node));

const schemas = new Map(builtNodes().map(({ schema }) => [schema.type as string, schema]));
const node = (id: string, type: string, more: Record<string, unknown>): FlowNode => ({
  ...defaultsOf(schemas.get(type)!),
  ...{ id, type },
  ...more,
});

describe("the examples of sensors and actuators, as they are imported", () => {
  let gateway: Gateway;
  const says = (text: string | RegExp, limitMs = 90_000) =>
    until(`the flow says ${text}`, () => new RegExp(text).test(gateway.log()), limitMs);

  beforeAll(async () => {
    const paths = [
      "environment/room-and-cellar",
      "vibration/two-pumps",
      "position/gnss-tracker",
      "soil/field-probes",
      "actuators/pump-fan-and-door",
    ];
    gateway = await startGateway({ flows: toLog(paths.flatMap(example)) });
  });
  afterAll(() => gateway?.stop());

  it("environment: the room gets too hot; the light sensor fails, says why, and measures again", async () => {
    await says("raised, high: room is at 3");
    await says("cleared, high: room is back at 2");
    await says(/window illuminance: bad, .*no device/);
    await says("raised, medium: window illuminance sends no data");
    await says("cleared, medium: window illuminance sends data again");
    await says(/cellar temperature: -?\d+(\.\d+)? Cel/);
  });

  it("vibration: the worn pump and the impacts on the other one, and no more", async () => {
    await says("raised, high: pump-2 vibrates with ");
    await says(/raised, medium: pump-1 was hit with [234]\d/);
    await says("cleared, medium: pump-1 runs on");
    await says(/pump-1: \d+ samples at 100 Hz/);
    await says(/pump-1 acceleration\.x\.rms\S*: 0\.\d+ m\/s2/);
    expect(gateway.log()).not.toMatch(/pump-1 vibrates|pump-2 was hit/);
  });

  it("position: the van leaves its area and comes back", async () => {
    await says("raised, high: van-7 has left its area: 48.12");
    await says("cleared, high: van-7 is back in its area");
    await says(/van-7 is at 48\.1\d+ north/);
  });

  it("soil: the bed dries and is watered; rain is counted", async () => {
    await says("raised, medium: bed-1 needs water: 1");
    await says("cleared, medium: bed-1 was watered");
    await says(/bed-1 ph: \d+(\.\d+)? \[pH\]/);
    await says(/bed-2 moisture: \d+(\.\d+)? %/);
    await says(/rain total: \d+(\.\d+)? mm/);
  });

  it("actuators: the pump is ended, the fan follows, the door is seen", async () => {
    await says("pump relay false: start");
    await says("pump relay true: set");
    await says("pump relay false: longest-on");
    await says(/fan channel0 [1-9]\d*: set/);
    await says("raised, high: room is at 3");
    await says(/door-1 openFor: 8|door-1 openFor: 7\.9/);
  });

  it("raises no error that belongs to nothing planted", () => {
    const errors = gateway
      .log()
      .split("\n")
      .filter((text) => /\[error\]/.test(text));
    expect(errors.filter((text) => !/no device answers/.test(text))).toEqual([]);
  });
});

describe("sensors on one bus", () => {
  let gateway: Gateway;
  const tab = { id: "tab", type: "tab", label: "Sensors" };
  const wired = { z: "tab", x: 100, y: 100 };
  const debug = {
    id: "debug",
    type: "debug",
    ...wired,
    active: true,
    console: true,
    tosidebar: false,
    complete: "payload",
  };

  beforeAll(async () => {
    const sensors = ["bme280", "sht31", "bh1750"].flatMap((driver) =>
      [0, 1].map((n) =>
        node(`${driver}-${n}`, "gatewise-sensor", {
          ...wired,
          ...{ bus: "bus", driver, interval: 0.2, name: `${driver}-${n}`, wires: [["debug"], []] },
        }),
      ),
    );
    const flows = [tab, node("bus", "gatewise-bus", {}), ...sensors, debug];
    gateway = await startGateway({ flows: flows as FlowNode[] });
  });
  afterAll(() => gateway?.stop());

  interface Metrics {
    readonly nodes: readonly {
      readonly id: string;
      readonly type: string;
      readonly metrics: { readonly out: number; readonly errors: number; readonly counts: Record<string, number> };
    }[];
  }

  it("are read by six nodes at once, two for each part, none of which fails", async () => {
    const sensors = async () =>
      (await gateway.get<Metrics>("/gatewise/metrics")).nodes.filter(({ type }) => type === "gatewise-sensor");
    await until("ten reads of each", async () =>
      (await sensors()).every(({ metrics }) => (metrics.counts.reads ?? 0) >= 10),
    );
    for (const { metrics } of await sensors()) {
      expect(metrics).toMatchObject({ errors: 0 });
      expect(metrics.counts["failed reads"] ?? 0).toBe(0);
    }
  });

  it("are found by a scan, which is no GET", async () => {
    const found = await gateway.post<{ place: string }[]>("/gatewise/bus/bus/scan", {});
    expect(found.map(({ place }) => place)).toEqual(["0x23", "0x44", "0x76"]);
    expect((await fetch(`${gateway.url}/gatewise/bus/bus/scan`)).status).toBe(404);
  });

  it("are chosen from a list with all drivers", async () => {
    const drivers = await gateway.get<{ id: string; role: string }[]>("/gatewise/bus/drivers");
    expect(drivers.length).toBeGreaterThan(30);
    expect(drivers.map(({ id }) => id)).toEqual(expect.arrayContaining(["bme280", "relay", "gnss", "adxl345Spi"]));
  });
});
