import { describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import type { Reading } from "../../../lib/reading";
import type { Device } from "../../../lib/registry";
import { command, devicesIn, errorOf, reading, runDevices as run, send } from "../../../test/support/device-flow";
import { nodeOf, until } from "../../../test/support/red";

describe("readings", () => {
  it("pass as they are, and their devices register themselves and are told of", async () => {
    const seen = await run();
    send(reading("a"), reading("b"), reading("a"));
    await until(() => seen.passed.length === 1 && seen.told.length === 4, "readings and events");
    expect(devicesIn(seen.passed[0])).toEqual(["a", "b", "a"]);
    expect(seen.passed[0]?.extra).toBe("kept");
    expect(seen.told.map(({ topic, payload }) => [topic, payload.event])).toEqual([
      ["a", "registered"],
      ["a", "online"],
      ["b", "registered"],
      ["b", "online"],
    ]);
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 3, out: 3, refused: 0 });
  });

  it("of unknown devices are refused with the reason, the others go on", async () => {
    const seen = await run({ registry: { autoRegistration: "listed", listed: "ward-*" } });
    send(reading("ward-1"), reading("stranger"), reading("ward-2"), reading("stranger"));
    await until(() => seen.passed.length === 1 && seen.caught.length === 1, "readings and the refusal");
    expect(devicesIn(seen.passed[0])).toEqual(["ward-1", "ward-2"]);
    expect(errorOf(seen.caught[0])).toMatch(/2 of 4 refused: device "stranger" is not registered/);
    expect(metricsOfNodes.of("n")).toMatchObject({ in: 4, out: 2, refused: 2 });
  });

  it("of unknown devices pass when the node lets them, and still register nothing", async () => {
    const seen = await run({ registry: { autoRegistration: "off" }, device: { unknown: "pass" } });
    send(reading("stranger"));
    await until(() => seen.passed.length === 1, "the reading");
    expect(await command(seen, { command: "list" })).toMatchObject({ total: 0 });
  });

  it("carry what the registry knows, if asked", async () => {
    const seen = await run({ device: { enrich: ["location", "name"] } });
    await command(seen, { command: "register", payload: { id: "a", location: "barn", name: "Pump" } });
    send(reading("a", { metadata: { batch: "7" } }), reading("b"));
    await until(() => seen.passed.length === 1, "the readings");
    const [first, second] = (seen.passed[0]?.payload ?? []) as Reading[];
    expect(first?.metadata).toEqual({ location: "barn", name: "Pump", batch: "7" });
    expect(second).not.toHaveProperty("metadata");
  });
});

describe("status messages of devices", () => {
  it("set status and fields, and bad ones are one catchable error each", async () => {
    const seen = await run();
    const report = (deviceId: string, content: unknown): void =>
      nodeOf("n").receive({ payload: { kind: "status", deviceId, timestamp: 0, retained: false, content } });
    report("a", { status: "online", battery: 70, firmware: "2.0" });
    report("a", { status: "asleep" });
    report("a", { status: "offline" });
    await until(() => seen.told.length === 4 && seen.caught.length === 1, "events and the error");
    expect(seen.told.map(({ payload }) => payload.event)).toEqual(["registered", "online", "changed", "offline"]);
    expect(seen.told[2]?.payload.changes?.toSorted()).toEqual(["battery", "firmwareVersion"]);
    expect(seen.told[2]?.payload.device).toMatchObject({ battery: 70, firmwareVersion: "2.0" });
    expect(errorOf(seen.caught[0])).toMatch(/status: expected one of online/);
    nodeOf("n").receive({ payload: { kind: "alerts", deviceId: "a", content: { code: "E7" } } });
    await until(() => seen.told.length === 5, "the device to be heard");
    expect(seen.told[4]?.payload.event).toBe("online");
    expect(seen.passed).toEqual([]);
  });
});

describe("commands", () => {
  it("register, get, update, list and delete", async () => {
    const seen = await run();
    const registered = await command(seen, { command: "register", payload: { id: "a", type: "pump" }, extra: 1 });
    expect(registered).toMatchObject({ id: "a", type: "pump", status: "offline" });
    expect(seen.answers[0]?.extra).toBe(1);
    await expect(command(seen, { command: "register", payload: { id: "a" } })).rejects.toThrow(/already registered/);
    expect(await command(seen, { command: "update", payload: { id: "a", battery: 5 } })).toMatchObject({ battery: 5 });
    expect(await command(seen, { command: "get", payload: "a" })).toMatchObject({ id: "a", battery: 5 });
    expect(await command(seen, { command: "list", payload: { type: "pump" } })).toMatchObject({
      total: 1,
      counts: { offline: 1, online: 0 },
      devices: [{ id: "a" }],
    });
    expect(await command(seen, { command: "delete", payload: { id: "a" } })).toMatchObject({ id: "a" });
    await expect(command(seen, { command: "get", payload: "a" })).rejects.toThrow(/device "a" is not registered/);
    await expect(command(seen, { command: "get" })).rejects.toThrow(/expected a device's id/);
    await expect(command(seen, { command: "explode" })).rejects.toThrow(/expected one of list, get/);
    await expect(command(seen, { command: "list", payload: { limit: "many" } })).rejects.toThrow(/limit: expected/);
  });

  it("import and export", async () => {
    const seen = await run();
    const imported = await command(seen, { command: "import", payload: "id,name\r\na,A\r\nb/d,B\r\nc,C\r\n" });
    expect(imported).toMatchObject({ registered: 2, problems: [{ line: 3 }] });
    const text = String(await command(seen, { command: "export", format: "json", payload: { text: "c" } }));
    expect((JSON.parse(text) as Device[]).map(({ id }) => id)).toEqual(["c"]);
    await expect(command(seen, { command: "export", format: "xml" })).rejects.toThrow(
      /msg.format: expected one of csv, json/,
    );
  });
});
