import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, type Gateway, startGateway } from "../support/gateway";
import { until } from "../support/mosquitto";
import { builtNodes, defaultsOf } from "../support/pack";

const schemas = new Map(builtNodes().map(({ schema }) => [schema.type as string, schema]));
const node = (id: string, type: string, more: Record<string, unknown>): FlowNode => ({
  ...defaultsOf(schemas.get(type)!),
  ...{ id, type },
  ...more,
});
const tab = { id: "tab", type: "tab", label: "Faults" };
const placed = { z: "tab", x: 100, y: 100 };
const bus = (id: string, more: Record<string, unknown>) =>
  node(`bus-${id}`, "gatewise-bus", { name: `bus ${id}`, ...more });
const sensor = (id: string, on: string, driver: string, more: Record<string, unknown> = {}) =>
  node(id, "gatewise-sensor", {
    ...placed,
    name: id,
    bus: `bus-${on}`,
    driver,
    interval: 0.1,
    wires: [["say"], []],
    ...more,
  });
/** Writes one line a reading: "a temperature good" or "a temperature bad: why". */
const say = {
  ...{ id: "say", type: "debug", ...placed, active: true, console: true, tosidebar: false },
  ...{
    targetType: "jsonata",
    complete:
      '"<" & $join(payload.(deviceId & " " & sensor & " " & quality & (quality = "bad" ? ": " & metadata.reason : "")), "> <") & ">"',
  },
};
const fault = (part: string, kind: string, more: Record<string, unknown> = {}) => ({
  ...{ part, kind, quantity: "", amount: 10, at: 3, duration: 3, every: 0 },
  ...more,
});
const part = (driver: string, place = "") => ({ driver, place, options: "" });

let gateway: Gateway | undefined;
const log = () => gateway?.log() ?? "";
const says = (text: string | RegExp, limitMs = 30_000) =>
  until(`the gateway says ${text}`, () => new RegExp(text).test(log()), limitMs);
const lives = () => expect(log()).not.toMatch(/Uncaught|unhandled|TypeError/i);
/** What is not bad came after what was; some parts have to warm up first. */
const resumed = (id: string) => {
  const marks = [...log().matchAll(new RegExp(`<${id} \\S+ (good|uncertain|bad)`, "g"))].map(([, quality]) => quality);
  return marks.includes("bad") && marks.at(-1) !== "bad";
};

describe("a gateway with simulated buses on which things go wrong", () => {
  beforeAll(async () => {
    const flows = [
      ...[tab, say],
      bus("nacks", { everyPart: false, parts: [part("sht31")], faults: [fault("sht31", "nack")] }),
      sensor("refused", "nacks", "sht31"),
      bus("noise", {
        everyPart: false,
        parts: [part("sht31"), part("mlx90614")],
        faults: [fault("sht31", "corrupt"), fault("mlx90614", "corrupt")],
      }),
      sensor("misheard", "noise", "sht31"),
      sensor("pec", "noise", "mlx90614"),
      bus("plugs", { everyPart: false, parts: [part("bme280")], faults: [fault("bme280", "dropout")] }),
      sensor("removed", "plugs", "bme280"),
      // A BMP280 answers where a BME280 is expected.
      bus("mixed", { everyPart: false, parts: [part("bmp280", "0x76")] }),
      sensor("mistaken", "mixed", "bme280"),
      // Nobody is there at all, and another part works on.
      bus("halves", { everyPart: false, parts: [part("bh1750")] }),
      sensor("absent", "halves", "sht31"),
      sensor("present", "halves", "bh1750"),
      bus("lines", {
        kind: "serial",
        everyPart: false,
        parts: [part("pms5003")],
        faults: [fault("pms5003", "dropout", { duration: 8 })],
      }),
      sensor("silent", "lines", "pms5003", { trigger: "spoken" }),
      bus("wires", {
        kind: "oneWire",
        everyPart: false,
        parts: [part("ds18b20", "28-000000000001")],
        faults: [fault("ds18b20", "corrupt")],
      }),
      sensor("probe", "wires", "ds18b20", { interval: 1 }),
      // Two nodes read one part while it fails.
      sensor("twin", "plugs", "bme280", { interval: 0.15 }),
    ];
    gateway = await startGateway({ flows: flows as FlowNode[] });
  });
  afterAll(async () => {
    await gateway?.stop();
    gateway = undefined;
  });

  it.each([
    ["refused", "the device did not acknowledge"],
    ["misheard", "(checksum|CRC)"],
    ["pec", "(checksum|CRC|code)"],
    ["removed", "no device answers"],
    ["twin", "no device answers"],
    ["silent", "no message within"],
    ["probe", "(checksum|CRC|damaged)"],
  ])("%s says why, and resumes by itself", async (id, reason) => {
    await says(new RegExp(`<${id} \\S+ bad: [^>]*${reason}`, "i"));
    await until(`${id} is good again`, () => resumed(id), 30_000);
  });

  it("tells another part from the one it expects", async () => {
    await says(/<mistaken temperature bad: [^>]*a BMP280/);
  });

  it("reads the others on a bus where one is absent", async () => {
    await says(/<absent temperature bad: [^>]*no device answers/);
    await says("<present illuminance good>");
    expect(log()).not.toMatch(/<present \S+ bad/);
  });

  it("reports a failure once, and lives", () => {
    const told = log().match(/\[error\] \[gatewise-sensor:absent\]/g) ?? [];
    expect(told).toHaveLength(1);
    lives();
  });
});

describe("a gateway whose machine lacks what a bus needs", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gatewise-buses-"));
  });
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("says what to install, enable and plug in; what works goes on", async () => {
    const wire = { connection: "wire" };
    // A file that is no terminal stands for a port of another kind.
    writeFileSync(join(folder, "port"), "");
    const flows = [
      ...[tab, say],
      ...[bus("i2c", { ...wire, i2cNumber: 200 }), sensor("a", "i2c", "sht31")],
      ...[bus("spi", { ...wire, kind: "spi" }), sensor("b", "spi", "mcp3008")],
      ...[
        bus("port", { ...wire, kind: "serial", path: "/dev/ttyNONE" }),
        sensor("c", "port", "gnss", { trigger: "spoken" }),
      ],
      ...[bus("none", { ...wire, kind: "serial", path: join(folder, "port") }), sensor("d", "none", "mhz19c")],
      ...[bus("w1", { ...wire, kind: "oneWire", master: "w1_bus_master7" }), sensor("e", "w1", "ds18b20")],
      bus("chip", { ...wire, kind: "gpio", chip: "/dev/gpiochip77" }),
      node("f", "gatewise-gpio-in", { ...placed, name: "f", bus: "bus-chip", wires: [["say"]] }),
      node("g", "gatewise-actuator", { ...placed, name: "g", bus: "bus-chip", driver: "relay", wires: [["say"]] }),
      ...[bus("well", {}), sensor("h", "well", "sht31")],
    ];
    gateway = await startGateway({ flows: flows as FlowNode[] });
    await says(/\[gatewise-sensor:a\] .*i2c-200: there is no such device; enable I2C \(raspi-config/);
    await says(/\[gatewise-sensor:b\] .*needs the package spi-device: run "npm install spi-device"/);
    await says(/\[gatewise-sensor:c\] .*ttyNONE: there is no such device; check that it is plugged in/);
    await says(/\[gatewise-sensor:d\] .*port/);
    await says(/\[gatewise-sensor:e\] .*w1_bus_master7: there is no such device; enable 1-Wire/);
    await says(/\[gatewise-gpio-in:f\] .*gpiochip77: there is no such device; list the chips with gpiodetect/);
    await says(/\[gatewise-actuator:g\] .*gpiochip77: there is no such device/);
    await says("<h temperature good>");
    // Each says it once, however often it tries.
    for (const id of ["sensor:a", "sensor:c", "actuator:g"]) {
      expect(log().match(new RegExp(`\\[error\\] \\[gatewise-${id}\\]`, "g"))).toHaveLength(1);
    }
    lives();
    expect(await gateway.stop()).toBe(0);
  });
});
