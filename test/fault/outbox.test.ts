import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OutboxCounts } from "../../lib/outbox";
import { Influx } from "../support/influx";
import { until } from "../support/mosquitto";
import { missing } from "../support/needs";
import { RestartableGateway } from "../support/restartable-gateway";

const DEVICES = ["ward-1", "ward-2", "barn-1", "boiler-1"] as const;
const BATCH = 20;

/**
 * Readings come in by HTTP; the answer 200 is given by a complete node, so that it says what the flow is told: these
 * readings are safe.
 */
const flow = (influxUrl: string) => [
  { id: "tab", type: "tab", label: "Flow" },
  { id: "store", type: "gatewise-store", version: 1, file: "gatewise.db" },
  { id: "influx", type: "gatewise-influxdb", version: 1, server: "influx1", url: influxUrl, database: "plant" },
  { id: "in", type: "http in", z: "tab", url: "/readings", method: "post", wires: [["out"]] },
  {
    id: "out",
    type: "gatewise-timeseries-out",
    version: 1,
    z: "tab",
    target: "influxdb",
    influxdb: "influx",
    store: "store",
    // Small writes, so that a kill meets the middle of many of them.
    batchReadings: 60,
    batchTime: 0.2,
    wires: [["stats"]],
  },
  { id: "done", type: "complete", z: "tab", scope: ["out"], wires: [["ok"]] },
  {
    id: "ok",
    type: "switch",
    z: "tab",
    property: "command",
    propertyType: "msg",
    rules: [{ t: "null" }],
    outputs: 1,
    wires: [["answer"]],
  },
  { id: "answer", type: "http response", z: "tab", statusCode: "200", wires: [] },
  { id: "ask", type: "http in", z: "tab", url: "/command", method: "post", wires: [["command"]] },
  {
    id: "command",
    type: "change",
    z: "tab",
    rules: [{ t: "set", p: "command", pt: "msg", to: "payload.command", tot: "msg" }],
    wires: [["out"]],
  },
  { id: "stats", type: "http response", z: "tab", statusCode: "200", wires: [] },
];

/** A device that sends numbered readings, batch after batch, and remembers which of them were accepted. */
class Device {
  readonly accepted: number[] = [];
  #next = 0;

  constructor(
    readonly id: string,
    private readonly url: string,
  ) {}

  async send(): Promise<void> {
    const numbers = Array.from({ length: BATCH }, () => this.#next++);
    const readings = numbers.map((number) => ({
      deviceId: this.id,
      sensor: "count",
      value: number,
      unit: "1",
      // Two readings share each millisecond: they must not become one.
      timestamp: 1_700_000_000_000 + (number >> 1),
      quality: "good",
    }));
    const answer = await fetch(`${this.url}/readings`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(readings),
    });
    if (answer.status === 200) this.accepted.push(...numbers);
    await answer.text();
  }

  /** Sends until the gateway is gone. */
  async sendOn(): Promise<void> {
    try {
      for (;;) await this.send();
    } catch {
      // The gateway was killed: what was in the air may have been accepted or not.
    }
  }
}

describe.skipIf(missing("influxd"))("a gateway killed while InfluxDB is away", () => {
  let influx: Influx;
  let gateway: RestartableGateway;
  let devices: Device[];

  beforeEach(async () => {
    influx = await Influx.start();
    await influx.query('CREATE DATABASE "plant"');
    await influx.stop();
    gateway = await RestartableGateway.prepare(flow(influx.url));
    devices = DEVICES.map((id) => new Device(id, gateway.url));
  });

  afterEach(async () => {
    await gateway?.dispose();
    await influx?.dispose();
  });

  const acceptedBy = (): number => devices.reduce((sum, { accepted }) => sum + accepted.length, 0);

  /** Starts the gateway, lets every device send, and kills the gateway in the middle of it. */
  async function runAndKill(readings: number): Promise<void> {
    await gateway.start();
    const before = acceptedBy();
    const sending = devices.map((device) => device.sendOn());
    await until(`${readings} readings are accepted`, () => acceptedBy() - before >= readings);
    await gateway.kill("SIGKILL");
    await Promise.all(sending);
  }

  async function command(name: string): Promise<OutboxCounts> {
    const answer = await fetch(`${gateway.url}/command`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command: name }),
    });
    return (await answer.json()) as OutboxCounts;
  }

  /** The numbers that InfluxDB holds of a device, as they come. */
  async function storedOf(device: Device): Promise<number[]> {
    const rows = await influx.query(`SELECT value FROM sensor_data WHERE device_id = '${device.id}'`, "plant");
    return rows.map(([, value]) => Number(value));
  }

  /** While the outbox empties, InfluxDB must always hold the beginning of what was accepted, never a later part without it. */
  async function isInOrder(): Promise<void> {
    for (const device of devices) {
      const stored = new Set(await storedOf(device));
      const lastStored = device.accepted.findLastIndex((number) => stored.has(number));
      const missed = device.accepted.slice(0, lastStored).filter((number) => !stored.has(number));
      expect(missed, `${device.id}: written before what came earlier`).toEqual([]);
    }
  }

  it("has every accepted reading in InfluxDB once, in order, when both are back", async () => {
    await runAndKill(2000);
    await runAndKill(1000);

    await gateway.start();
    const counts = await command("stats");
    expect(counts.waiting).toBeGreaterThanOrEqual(3000);
    expect(counts).toMatchObject({ accepted: counts.waiting, written: 0, dropped: 0 });

    await influx.start();
    const stored = async (): Promise<number> =>
      Number((await influx.query("SELECT count(value) FROM sensor_data", "plant"))[0]?.[1] ?? 0);
    await until("InfluxDB has some of them", async () => (await stored()) > 0);
    await isInOrder();
    // In the middle of the writes: what was written but not yet confirmed comes a second time.
    await gateway.kill("SIGKILL");
    await isInOrder();

    await gateway.start();
    await devices[0]?.send();
    await until("the outbox is empty", async () => (await command("stats")).waiting === 0, 60_000);
    const after = await command("stats");
    expect(after).toMatchObject({ written: after.accepted, dropped: 0 });

    for (const device of devices) {
      const numbers = await storedOf(device);
      expect(new Set(numbers).size, `${device.id}: nothing twice`).toBe(numbers.length);
      const held = new Set(numbers);
      expect(
        device.accepted.filter((number) => !held.has(number)),
        `${device.id}: nothing lost`,
      ).toEqual([]);
      expect(numbers, `${device.id}: in their order`).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(await stored()).toBe(after.accepted);
    expect(after.accepted).toBeGreaterThanOrEqual(acceptedBy());
  });

  it("loses and doubles nothing while InfluxDB is killed again and again under load", async () => {
    await gateway.start();
    await influx.start();
    let sending = true;
    const load = devices.map(async (device) => {
      while (sending) {
        await device.send();
        await sleep(5);
      }
    });
    for (let outage = 0; outage < 3; outage += 1) {
      const before = acceptedBy();
      await until("readings flow", () => acceptedBy() > before + 200);
      await influx.stop("SIGKILL");
      await until("readings are accepted without InfluxDB", () => acceptedBy() > before + 600);
      await influx.start();
    }
    sending = false;
    await Promise.all(load);
    await until("the outbox is empty", async () => (await command("flush")).waiting === 0, 60_000);
    for (const device of devices) {
      expect(await storedOf(device), device.id).toEqual(device.accepted);
    }
    const counts = await command("stats");
    expect(counts).toMatchObject({ accepted: acceptedBy(), written: acceptedBy(), waiting: 0, dropped: 0 });
  });
});
