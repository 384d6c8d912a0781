import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Store } from "../store";
import { Enricher, Registry } from ".";

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gatewise-registry-"));
  store = openStore(join(folder, "gatewise.db"));
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

function reopen(): void {
  store.close();
  store = openStore(join(folder, "gatewise.db"));
}

describe("a registry with a store", () => {
  it("is after a restart as it was", () => {
    const before = new Registry({ store, now: () => 1000 });
    before.register("a", { name: "A", tags: ["x"], configuration: { deep: [1, { two: null }] } });
    before.register("b", { status: "maintenance" });
    before.touch("c", 123_456);
    before.register("gone");
    before.flush();
    before.delete("gone");
    before.touch("c", 234_567);
    const devices = [...before.find()];
    before.close();
    reopen();
    const after = new Registry({ store });
    expect([...after.find()]).toEqual(devices);
    expect(after.get("c")?.lastSeen).toBe(234_567);
    after.close();
  });

  it("gives online devices the time of a threshold to be heard after a restart", () => {
    const before = new Registry({ store, now: () => 0 });
    before.touch("a", 0);
    before.close();
    let now = 3600 * 1000;
    const after = new Registry({ store, now: () => now, monotonic: () => now });
    after.sweep();
    expect(after.get("a")?.status).toBe("online");
    now += 300 * 1000;
    after.sweep();
    expect(after.get("a")).toMatchObject({ status: "offline", lastSeen: 0 });
    after.close();
  });

  it("registers again under an id that was deleted, however the writes are sliced", () => {
    const registry = new Registry({ store });
    for (let i = 0; i < 1000; i += 1) registry.register(`d${i}`);
    registry.flush();
    for (let i = 0; i < 1000; i += 1) registry.delete(`d${i}`);
    registry.register("d999", { name: "again" });
    registry.close();
    const after = new Registry({ store });
    expect([...after.find()].map(({ id, name }) => [id, name])).toEqual([["d999", "again"]]);
    after.close();
  });

  it("keeps what could not be written and writes it later", () => {
    const registry = new Registry({ store });
    const db = store.component("registry", ["-"]);
    const { page_count } = db.prepare("PRAGMA page_count").get() as { page_count: number };
    db.exec(`PRAGMA max_page_count=${page_count}`);
    for (let i = 0; i < 500; i += 1) registry.register(`d${i}`, { name: "x".repeat(200) });
    expect(() => registry.flush()).toThrow(/disk is full/);
    expect(registry.size).toBe(500);
    db.exec("PRAGMA max_page_count=100000");
    registry.close();
    const after = new Registry({ store });
    expect(after.size).toBe(500);
    after.close();
  });

  it("is the only one with its set of devices, others live beside it", () => {
    const first = new Registry({ store, set: "north" });
    expect(() => new Registry({ store, set: "north" })).toThrow(/another registry already keeps the devices "north"/);
    const other = new Registry({ store, set: "south" });
    first.register("a");
    expect(other.has("a")).toBe(false);
    first.close();
    const again = new Registry({ store, set: "north" });
    expect(again.has("a")).toBe(true);
    again.close();
    other.close();
  });

  it("leaves out a stored device that cannot be read, says so, and has the others", () => {
    const before = new Registry({ store });
    before.register("a");
    before.register("b");
    before.close();
    store.component("registry", ["-"]).exec("UPDATE device SET info = '{\"battery\":\"full\"}' WHERE id = 'a'");
    const problems: string[] = [];
    const after = new Registry({ store, onProblem: (problem) => problems.push(problem) });
    expect(after.size).toBe(1);
    expect(problems).toEqual([expect.stringMatching(/device a cannot be read: battery/)]);
    after.close();
  });
});

describe("enriching", () => {
  const reading = { deviceId: "a", sensor: "t", value: 1, unit: "Cel", timestamp: 0, quality: "good" } as const;

  it("writes what is known into the metadata, and what the reading says itself stays", () => {
    const registry = new Registry();
    registry.register("a", { name: "Pump", location: "barn", type: "pump" });
    const enricher = new Enricher(registry, ["name", "location", "firmwareVersion"]);
    expect(enricher.enrich(reading).metadata).toEqual({ name: "Pump", location: "barn" });
    const own = { ...reading, metadata: { location: "roof", batch: "7" } };
    expect(enricher.enrich(own).metadata).toEqual({ name: "Pump", location: "roof", batch: "7" });
    expect(own.metadata).toEqual({ location: "roof", batch: "7" });
    registry.update("a", { location: "field" });
    expect(enricher.enrich(reading).metadata).toEqual({ name: "Pump", location: "field" });
  });

  it("leaves a reading as it is when there is nothing to add", () => {
    const registry = new Registry();
    const enricher = new Enricher(registry, ["name"]);
    expect(enricher.enrich(reading)).toBe(reading);
    registry.register("a", { location: "barn" });
    expect(enricher.enrich(reading)).toBe(reading);
  });
});
