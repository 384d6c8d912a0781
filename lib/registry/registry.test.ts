import { describe, expect, it } from "vitest";
import { type DeviceEvent, Registry, RegistryError, type RegistryOptions } from ".";

/** A registry with clocks that the test sets. */
function registryAt(start: number, options: RegistryOptions = {}) {
  const clock = { wall: start, steady: 0 };
  const registry = new Registry({ ...options, now: () => clock.wall, monotonic: () => clock.steady });
  const events: DeviceEvent[] = [];
  registry.on("event", (event) => events.push(event));
  return {
    registry,
    clock,
    /** Lets seconds pass, with a sweep each. */
    pass(seconds: number): void {
      for (let i = 0; i < seconds; i += 1) {
        clock.wall += 1000;
        clock.steady += 1000;
        registry.sweep();
      }
    },
    /** The events since the last call, as "event id". */
    heard: () => events.splice(0).map(({ event, device }) => `${event} ${device.id}`),
    events,
  };
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof RegistryError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

describe("auto-registration", () => {
  it("on: whoever is heard registers itself and is online", () => {
    const { registry, heard } = registryAt(5000);
    expect(registry.touch("pump-1", 5000)).toBe(true);
    expect(registry.get("pump-1")).toEqual({
      id: "pump-1",
      status: "online",
      lastSeen: 5000,
      registered: 5000,
      tags: [],
      configuration: {},
    });
    expect(heard()).toEqual(["registered pump-1", "online pump-1"]);
  });

  it("off: the unknown are refused with a reason, the registered are not", () => {
    const { registry, heard } = registryAt(0, { autoRegistration: "off" });
    expect(registry.touch("stranger", 0)).toBe(false);
    expect(registry.whyRefused("stranger")).toMatch(/"stranger" is not registered, and auto-registration is off/);
    expect(registry.reportStatus("stranger", "online")).toBe(false);
    registry.register("friend");
    expect(registry.touch("friend", 1)).toBe(true);
    expect(heard()).toEqual(["registered friend", "online friend"]);
  });

  it("listed: only ids on the list, in which * stands for anything and a dot for a dot", () => {
    const { registry } = registryAt(0, { autoRegistration: "listed", listed: ["ward-*", "gate.1"] });
    expect(["ward-", "ward-7.b", "gate.1"].map((id) => registry.touch(id, 0))).toEqual([true, true, true]);
    expect(["forward-1", "gatex1", "gate.12", ""].map((id) => registry.touch(id, 0))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(registry.size).toBe(3);
  });

  it("refuses what cannot be an id, also while it is on", () => {
    const { registry } = registryAt(0);
    for (const id of ["a/b", "a+b", "__proto__", "", "x".repeat(257)]) {
      expect(registry.touch(id, 0)).toBe(false);
      expect(registry.whyRefused(id)).not.toBe("");
    }
    expect(registry.size).toBe(0);
  });

  it("is bounded", () => {
    const { registry } = registryAt(0, { maxDevices: 2 });
    expect(["a", "b", "c", "a"].map((id) => registry.touch(id, 0))).toEqual([true, true, false, true]);
    expect(registry.whyRefused("c")).toMatch(/full: it holds 2 devices/);
    expect(codeOf(() => registry.register("c"))).toBe("full");
  });
});

describe("presence", () => {
  it("a device is offline after 300 s of silence, and online when it is heard again", () => {
    const { registry, pass, heard, clock } = registryAt(0);
    registry.touch("a", 0);
    heard();
    pass(299);
    expect(registry.get("a")?.status).toBe("online");
    pass(1);
    expect(heard()).toEqual(["offline a"]);
    registry.touch("a", clock.wall);
    expect(heard()).toEqual(["online a"]);
    pass(200);
    registry.touch("a", clock.wall);
    pass(299);
    expect(heard()).toEqual([]);
    pass(1);
    expect(heard()).toEqual(["offline a"]);
  });

  it("a threshold of its own counts from when it is set", () => {
    const { registry, pass, heard } = registryAt(0, { offlineAfter: 100 });
    registry.touch("a", 0);
    registry.touch("b", 0);
    registry.update("a", { offlineAfter: 10 });
    heard();
    pass(10);
    expect(heard()).toEqual(["offline a"]);
    registry.update("b", { offlineAfter: 1000 });
    heard();
    pass(500);
    expect(heard()).toEqual([]);
  });

  it("maintenance outlasts silence, readings and reports until people end it", () => {
    const { registry, pass, heard, clock } = registryAt(0, { offlineAfter: 60 });
    registry.touch("a", 0);
    registry.update("a", { status: "maintenance" });
    heard();
    pass(100);
    registry.touch("a", clock.wall);
    registry.reportStatus("a", "online");
    registry.reportStatus("a", "offline");
    expect(registry.get("a")?.status).toBe("maintenance");
    expect(heard()).toEqual([]);
    expect(registry.update("a", { status: "online" }).status).toBe("online");
    registry.update("a", { status: "maintenance" });
    pass(100);
    expect(registry.update("a", { status: "online" }).status).toBe("offline");
  });

  it("maintenance that a device reported itself it may end itself", () => {
    const { registry, events } = registryAt(0);
    registry.reportStatus("a", { status: "maintenance" });
    expect(events.at(-1)).toMatchObject({ event: "changed", changes: ["status"], device: { status: "maintenance" } });
    registry.reportStatus("a", { status: "online" });
    expect(registry.get("a")?.status).toBe("online");
  });

  it("an error lasts while the device goes on sending, and ends by its report or its silence", () => {
    const { registry, pass, heard, clock } = registryAt(0, { offlineAfter: 60 });
    registry.reportStatus("a", { status: "error" });
    pass(30);
    registry.touch("a", clock.wall);
    expect(registry.get("a")?.status).toBe("error");
    registry.reportStatus("a", "online");
    expect(registry.get("a")?.status).toBe("online");
    registry.reportStatus("a", { status: "error" });
    heard();
    pass(60);
    expect(heard()).toEqual(["offline a"]);
  });

  it("a last will takes a device offline at once, and does not count as hearing it", () => {
    const { registry, pass, heard } = registryAt(0);
    registry.touch("a", 0);
    pass(10);
    heard();
    registry.reportStatus("a", { status: "offline" });
    registry.reportStatus("new", { status: "offline" });
    expect(heard()).toEqual(["offline a", "registered new"]);
    expect(registry.get("a")?.lastSeen).toBe(0);
    expect(registry.get("new")).not.toHaveProperty("lastSeen");
  });

  it("a retained report tells what the device said, not that it is there now", () => {
    const { registry, heard } = registryAt(1000);
    registry.reportStatus("a", { status: "online", battery: 40 }, 1000, true);
    expect(registry.get("a")).toMatchObject({ status: "offline", battery: 40 });
    expect(registry.get("a")).not.toHaveProperty("lastSeen");
    registry.touch("b", 1000);
    heard();
    registry.reportStatus("b", "offline", 1000, true);
    registry.reportStatus("c", "error", 1000, true);
    expect(heard()).toEqual(["offline b", "registered c", "changed c"]);
  });

  it("survives a wall clock that is set, forwards and back", () => {
    const { registry, pass, heard, clock } = registryAt(1_000_000);
    registry.touch("a", clock.wall);
    heard();
    pass(100);
    clock.wall += 50 * 365 * 24 * 3600 * 1000;
    pass(100);
    expect(heard()).toEqual([]);
    expect(clock.wall - (registry.get("a")?.lastSeen ?? 0)).toBe(200_000);
    clock.wall -= 3600 * 1000;
    pass(99);
    expect(heard()).toEqual([]);
    pass(1);
    expect(heard()).toEqual(["offline a"]);
  });
});

describe("what is known of a device", () => {
  it("is registered once, changed by what is given, and removed by null", () => {
    const { registry, events } = registryAt(7000);
    registry.register("a", { name: "Pump", tags: ["x", "x", "y"], configuration: { rate: { hz: 5 } } });
    expect(codeOf(() => registry.register("a", {}))).toBe("already-registered");
    const device = registry.update("a", { name: null, location: "barn", battery: 80 });
    expect(device).toEqual({
      id: "a",
      status: "offline",
      location: "barn",
      battery: 80,
      tags: ["x", "y"],
      configuration: { rate: { hz: 5 } },
      registered: 7000,
    });
    expect(events.at(-1)?.changes?.toSorted()).toEqual(["battery", "location", "name"]);
    const before = events.length;
    registry.update("a", { location: "barn", configuration: { rate: { hz: 5 } } });
    expect(events).toHaveLength(before);
  });

  it("can come from the device: battery and firmware, and what else it says is passed over", () => {
    const { registry } = registryAt(0);
    registry.reportStatus("a", { status: "online", battery: 55.5, firmware: "1.2.3", rssi: -70 });
    expect(registry.get("a")).toMatchObject({ status: "online", battery: 55.5, firmwareVersion: "1.2.3" });
    expect(registry.get("a")).not.toHaveProperty("rssi");
  });

  it.each([
    [{ battery: 101 }, /battery: expected percent from 0 to 100, got 101/],
    [{ battery: Number.NaN }, /battery/],
    [{ status: "asleep" }, /status: expected one of online, offline, maintenance, error, got "asleep"/],
    [{ status: null }, /status/],
    [{ colour: "red" }, /colour: no such field; expected some of name, type/],
    [{ tags: "a,b" }, /tags: expected a list/],
    [{ tags: [""] }, /tag must not be empty/],
    [{ offlineAfter: 0 }, /offlineAfter: expected seconds/],
    [{ configuration: [1] }, /configuration: expected an object, got an array/],
    [{ configuration: JSON.parse('{"a":{"__proto__":1}}') }, /configuration.a: the key "__proto__" is reserved/],
    [{ configuration: { a: Number.POSITIVE_INFINITY } }, /configuration.a: expected JSON/],
    [{ configuration: { a: "x".repeat(70_000) } }, /configuration: expected at most 65536/],
    [{ configuration: nested(40) }, /at most 32 levels/],
    [{ name: "x".repeat(300) }, /name: expected at most 256/],
    ["Pump", /expected an object/],
  ])("is refused with the reason: %j", (fields, reason) => {
    const { registry } = registryAt(0);
    expect(() => registry.register("a", fields)).toThrow(reason);
    expect(registry.size).toBe(0);
  });

  it("is gone after delete", () => {
    const { registry, heard, pass } = registryAt(0);
    registry.touch("a", 0);
    heard();
    expect(registry.delete("a").id).toBe("a");
    expect(heard()).toEqual(["deleted a"]);
    expect(codeOf(() => registry.delete("a"))).toBe("unknown-device");
    expect(codeOf(() => registry.update("a", {}))).toBe("unknown-device");
    pass(400);
    expect(heard()).toEqual([]);
    expect(registry.counts).toEqual({ online: 0, offline: 0, maintenance: 0, error: 0 });
  });
});

function nested(depth: number): Record<string, unknown> {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

describe("list", () => {
  const { registry } = registryAt(0);
  registry.register("b-2", { name: "Boiler", type: "heat", tags: ["cellar", "hot"] });
  registry.register("a-1", { name: "Aerator", type: "air", location: "Old barn", tags: ["hot"] });
  registry.register("c-3", { type: "air" });
  registry.touch("c-3", 10);
  registry.touch("a-1", 20);
  const ids = (query: Parameters<typeof registry.list>[0]): string[] =>
    registry.list(query).devices.map(({ id }) => id);

  it("is in the order of registration, or sorted", () => {
    expect(ids({})).toEqual(["b-2", "a-1", "c-3"]);
    expect(ids({ sort: "id" })).toEqual(["a-1", "b-2", "c-3"]);
    expect(ids({ sort: "name", descending: true })).toEqual(["c-3", "b-2", "a-1"]);
    expect(ids({ sort: "lastSeen" })).toEqual(["b-2", "c-3", "a-1"]);
  });

  it("filters by status, type, tag and text together", () => {
    expect(ids({ status: "online" })).toEqual(["a-1", "c-3"]);
    expect(ids({ type: "air", tag: "hot" })).toEqual(["a-1"]);
    expect(ids({ text: "BARN" })).toEqual(["a-1"]);
    expect(ids({ text: "boil", status: "online" })).toEqual([]);
  });

  it("pages, and says how many there are in all", () => {
    expect(registry.list({ offset: 1, limit: 1 })).toMatchObject({ total: 3, devices: [{ id: "a-1" }] });
    expect(registry.list({ offset: 5 })).toEqual({ total: 3, devices: [] });
  });
});
