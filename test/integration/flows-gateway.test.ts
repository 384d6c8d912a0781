import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../support/browser";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { freePort, until } from "../support/mosquitto";
import { missing } from "../support/needs";
import { root } from "../support/pack";

const noBrowser = missing("chromium");

const shippedFlow = (): FlowNode[] => JSON.parse(readFileSync(join(root, "flows/gateway.json"), "utf8"));

/** Debug nodes write to the log, where a test can read them. */
const toLog = (node: FlowNode): FlowNode =>
  node.type === "debug" ? { ...node, console: true, tosidebar: false } : node;

describe("the gateway's flow with simulated devices", () => {
  let gateway: Gateway;
  let devices: ChildProcess;
  let browser: Browser | undefined;
  let page: Page;
  const pageErrors: string[] = [];

  /** Tells a test what leaves the rules, and reads the history back over HTTP. */
  const probe: FlowNode[] = [
    { id: "probe", type: "tab", label: "Probe" },
    { id: "probe-alerts", type: "link in", z: "probe", x: 50, y: 50, links: [], wires: [["probe-log"]] },
    {
      ...{ id: "probe-log", type: "debug", z: "probe", x: 200, y: 50, name: "alert", active: true, console: true },
      ...{ complete: 'payload.(event & " " & rule & " " & deviceId)', targetType: "jsonata", wires: [] },
    },
    {
      id: "probe-in",
      type: "http in",
      z: "probe",
      x: 50,
      y: 100,
      url: "/history",
      method: "post",
      wires: [["probe-history"]],
    },
    {
      ...{ id: "probe-history", type: "gatewise-history", z: "probe", x: 200, y: 100, version: 1, source: "store" },
      ...{ store: "gw-store", wires: [["probe-out"]] },
    },
    { id: "probe-out", type: "http response", z: "probe", x: 350, y: 100, wires: [] },
  ];

  beforeAll(async () => {
    const mqttPort = await freePort();
    const flow = shippedFlow().map((node) =>
      node.id === "gw-alerts-out" ? { ...node, links: [...(node.links as string[]), "probe-alerts"] } : node,
    );
    gateway = await startGateway({
      flows: [...flow, ...probe].map(toLog),
      env: { GATEWISE_MQTT_PORT: String(mqttPort) },
      settings: { nodesExcludes: [] },
    });
    devices = spawn(
      process.execPath,
      [join(root, "scripts/devices/simulate.mjs"), "--broker", `mqtt://127.0.0.1:${mqttPort}`, "--time-scale", "4"],
      { stdio: "ignore" },
    );
    if (noBrowser) return;
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1500, height: 1100 } });
    page.on("pageerror", (error) => pageErrors.push(error.message));
  });
  afterAll(async () => {
    await browser?.close();
    if (devices && devices.exitCode === null) {
      const ended = once(devices, "exit");
      devices.kill();
      await ended;
    }
    await gateway?.stop();
  });

  test.each([
    ["raised", "Oxygen saturation", "ward-bed-1"],
    ["raised", "Room air", "building-room-101"],
    ["raised", "Dry soil", "farm-field-north"],
    ["cleared", "Room air", "building-room-101"],
    ["cleared", "Dry soil", "farm-field-north"],
  ])("the planted event is found: %s %s %s", async (event, rule, deviceId) => {
    const line = `${event} ${rule} ${deviceId}`;
    await until(`an alert says ${line}`, () => gateway.log().includes(line), 150_000);
  });

  test("every device registers itself and is online", async () => {
    await until("17 devices are online", async () => {
      const answer = await gateway.get<{ devices: { status: string }[] }>("/gatewise/registry/gw-registry/devices");
      return answer.devices.filter(({ status }) => status === "online").length >= 15 && answer.devices.length === 17;
    });
  });

  test("the history holds what was measured, with the detector's verdict judged and spikes marked", async () => {
    const readings = await gateway.post<{ deviceId: string; unit: string; historical: boolean }[]>("/history", {
      ...{ deviceId: "ward-bed-1", sensor: "spo2", hours: 1 },
    });
    expect(readings.length).toBeGreaterThan(20);
    expect(readings[0]).toMatchObject({ deviceId: "ward-bed-1", unit: "%", historical: true });
  });

  test("nothing is refused, and no node reports an error", () => {
    expect(gateway.log()).not.toMatch(/\[error\]|\[debug:Refused\]/);
  });

  describe.skipIf(noBrowser)("its dashboard", () => {
    const open = async (name: string): Promise<void> => {
      await page.goto(`${gateway.url}/dashboard/${name}`);
    };
    test("draws six charts and six gauges, and its figures move", async () => {
      await open("overview");
      await page.locator(".nrdb-ui-chart canvas, .nrdb-ui-chart svg").nth(5).waitFor();
      expect(await page.locator(".nrdb-ui-gauge, [class*=nrdb-ui-gauge]").count()).toBeGreaterThanOrEqual(6);
      const pulse = page.getByText("readings a second").locator("..").locator(".figure");
      await until("readings arrive", async () => Number(await pulse.textContent()) > 10);
      const tank = page.locator("svg, .nrdb-ui-gauge").filter({ hasText: "%" }).first();
      const before = await tank.textContent();
      await until("the gauge moves", async () => (await tank.textContent()) !== before);
    });

    test("lists the devices with who is online", async () => {
      await open("devices");
      await page.getByRole("cell", { name: "farm-tank" }).waitFor();
      expect(await page.locator("tbody tr").count()).toBe(17);
      expect(await page.getByText("online", { exact: true }).count()).toBeGreaterThan(10);
    });

    test("acknowledges an alert at its button", async () => {
      await open("alerts");
      await page.getByRole("button", { name: "Acknowledge" }).first().click({ timeout: 120_000 });
      await page.getByText("acknowledged", { exact: true }).first().waitFor({ timeout: 20_000 });
      await until("the rule has heard it", () => /acknowledged .+ (farm|building|ward)-/.test(gateway.log()));
    });

    test("gives no error in the browser", () => {
      expect(pageErrors).toEqual([]);
    });
  });
});
