import { describe, expect, it } from "vitest";
import { metricsOfNodes } from "../../../kit";
import { command, reading, runDevices, send } from "../../../test/support/device-flow";
import { until } from "../../../test/support/red";

describe("the device events node", () => {
  it("tells the events that are asked for, and no others", async () => {
    const { told, ...seen } = await runDevices({ events: { events: ["registered", "changed", "deleted"] } });
    send(reading("a"));
    await until(() => seen.passed.length === 1, "the reading");
    await command({ told, ...seen }, { command: "update", payload: { id: "a", battery: 20, status: "maintenance" } });
    await command({ told, ...seen }, { command: "delete", payload: "a" });
    await until(() => told.length === 3, "the events");
    expect(told.map(({ topic, payload }) => [topic, payload.event])).toEqual([
      ["a", "registered"],
      ["a", "changed"],
      ["a", "deleted"],
    ]);
    expect(told[1]?.payload).toMatchObject({
      changes: ["battery", "status"],
      device: { id: "a", battery: 20, status: "maintenance" },
      timestamp: expect.any(Number),
    });
    expect(metricsOfNodes.of("events")?.counts).toEqual({ registered: 1, changed: 1, deleted: 1 });
  });

  it("tells when a device falls silent and when it is heard again", async () => {
    const { told } = await runDevices({ registry: { offlineAfter: 1 }, events: { events: ["online", "offline"] } });
    send(reading("a"));
    await until(() => told.length === 2, "the device to go offline");
    send(reading("a"));
    await until(() => told.length === 3, "the device to come back");
    expect(told.map(({ payload }) => payload.event)).toEqual(["online", "offline", "online"]);
    expect(told[1]?.payload.device).toMatchObject({ id: "a", status: "offline" });
  });
});
